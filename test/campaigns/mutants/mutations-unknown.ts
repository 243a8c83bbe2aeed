import type { Mutation } from './mutation.ts'

const connections = 'src/platform/database/connections.ts'
const repeats = 'src/platform/http/repeats.ts'
const billing = 'src/clients/billing.ts'
const notification = 'src/clients/notification.ts'
const client = 'src/platform/calls/client.ts'

const lostAnswers = 'test/guarantees/lost-answers.test.ts'
const gatewayFailures = 'test/guarantees/gateway-failures.test.ts'
const recovery = 'src/services/order/recovery.test.ts'
const clients = 'src/clients/clients.test.ts'
const letters = 'src/clients/notification.test.ts'

/** Unknown is told as unknown, and only the answer of the called service settles anything. */
export const unknownMutations: readonly Mutation[] = [
  {
    name: 'a statement that was given up before it was sent is sent later',
    edits: [
      { file: connections, search: 'if (!wasGiven(statement)) statement.cancel()', replace: '' },
      { file: connections, search: 'close(used, 0).catch', replace: 'Promise.resolve(used).catch' },
    ],
    tests: ['src/platform/database/db.test.ts'],
  },
  {
    name: 'a request that was given up before it was sent is sent later',
    edits: [
      {
        file: 'src/platform/calls/forward.ts',
        search: 'if (end.isOver()) started.abort(noLongerWanted)',
        replace: '',
      },
    ],
    tests: [gatewayFailures],
  },
  {
    name: 'a write whose connection broke is told as one that was not done',
    edits: [
      {
        file: connections,
        search: 'wasGiven(statement) && !isUndone(error) ?',
        replace: 'wasGiven(statement) && isUndone(error) ?',
      },
    ],
    tests: ['src/platform/database/lost-answers.test.ts', lostAnswers],
  },
  {
    name: 'a write that could not be sent is told as one of which nobody knows',
    edits: [{ file: connections, search: 'statement.state !== null', replace: 'true' }],
    tests: ['src/platform/database/db.test.ts', lostAnswers],
  },
  {
    name: 'a program without a key is told when to repeat what it may have done',
    edits: [
      {
        file: repeats,
        search: "repeat === 'not safely' ? {} : {",
        replace: "repeat === ('never' as Repeat) ? {} : {",
      },
    ],
    tests: [gatewayFailures, lostAnswers],
  },
  {
    name: 'a service takes every request for one with a key',
    edits: [
      {
        file: 'src/platform/http/app.ts',
        search: "c.req.header('idempotency-key') !== undefined",
        replace: "c.req.header('idempotency-key') !== null",
      },
    ],
    tests: [lostAnswers],
  },
  {
    name: 'the gateway says of a write that broke off what it says of a read',
    edits: [
      {
        file: 'src/services/gateway/proxy.ts',
        search: "failure === 'refused' || readMethods.has(method)",
        replace: "failure !== 'timeout' || readMethods.has(method)",
      },
    ],
    tests: [gatewayFailures],
  },
  {
    name: 'the gateway says of what it has sent that nothing was done',
    edits: [
      {
        file: 'src/platform/calls/forward.ts',
        search: "if (controller === undefined) onFailure('refused')",
        replace: "if (!response.headersSent) onFailure('refused')",
      },
    ],
    tests: [gatewayFailures],
  },
  {
    name: 'an order that is stored is told as nothing when its database fails later',
    edits: [
      {
        file: 'src/platform/saga/saga.ts',
        search: 'if (!isFromDatabase(error)) throw error',
        replace: 'if (isFromDatabase(error)) throw error',
      },
    ],
    tests: [lostAnswers],
  },
  {
    name: 'any answer of 200 acknowledges a letter',
    edits: [
      {
        file: notification,
        search: '(status === 200 || status === 201) && isLetter(data, letter)',
        replace: 'status === 200 || status === 201',
      },
    ],
    tests: [letters, recovery],
  },
  {
    name: 'a letter to somebody else acknowledges a letter',
    edits: [
      { file: notification, search: '  shown.userId === asked.userId &&\n', replace: '' },
      { file: notification, search: '  shown.email === asked.email &&\n', replace: '' },
    ],
    tests: [letters, recovery],
  },
  {
    name: 'any account that billing shows is that of the user',
    edits: [
      {
        file: billing,
        search: 'shown?.userId === asked.userId && shown.email === asked.email',
        replace: "typeof shown?.userId === 'string' && asked.userId !== ''",
      },
    ],
    tests: ['src/services/user/recovery.test.ts'],
  },
  {
    name: 'an operation with another amount pays an order',
    edits: [{ file: billing, search: '    operation.amount === asked.amount &&\n', replace: '' }],
    tests: [recovery],
  },
  {
    name: 'an operation that moved nothing pays an order',
    edits: [
      {
        file: billing,
        search: '(operation.status === status || isNothingToRefund)',
        replace: '(operation.status !== undefined || isNothingToRefund)',
      },
    ],
    tests: [recovery],
  },
  {
    name: 'an answer counts although it is not declared as JSON',
    edits: [
      {
        file: 'src/platform/calls/transport.ts',
        search: 'if (!jsonMediaType.test(type)) {',
        replace: "if (type === 'none') {",
      },
    ],
    tests: ['src/platform/calls/client.test.ts'],
  },
  {
    name: 'an answer that does not say where to write pays an order',
    edits: [{ file: billing, search: " && account.email !== ''", replace: '' }],
    tests: [clients],
  },
  {
    name: 'a code without the rest of its problem is a refusal',
    edits: [{ file: client, search: ' || shown.status !== status', replace: '' }],
    tests: [clients],
  },
]
