import { bug } from './mutation.ts'

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
export const unknownMutations = [
  bug(
    'a statement that was given up before it was sent is sent later',
    ['src/platform/database/db.test.ts'],
    [connections, 'if (!wasGiven(statement)) statement.cancel()', ''],
    [connections, 'close(used, 0).catch', 'Promise.resolve(used).catch'],
  ),
  bug(
    'a request that was given up before it was sent is sent later',
    [gatewayFailures],
    ['src/platform/calls/forward.ts', 'if (end.isOver()) started.abort(noLongerWanted)', ''],
  ),
  bug(
    'a write whose connection broke is told as one that was not done',
    ['src/platform/database/lost-answers.test.ts', lostAnswers],
    [
      connections,
      'wasGiven(statement) && !isUndone(error) ?',
      'wasGiven(statement) && isUndone(error) ?',
    ],
  ),
  bug(
    'a write that could not be sent is told as one of which nobody knows',
    ['src/platform/database/db.test.ts', lostAnswers],
    [connections, 'statement.state !== null', 'true'],
  ),
  bug(
    'a program without a key is told when to repeat what it may have done',
    [gatewayFailures, lostAnswers],
    [repeats, "repeat === 'not safely' ? {} : {", "repeat === ('never' as Repeat) ? {} : {"],
  ),
  bug(
    'a service takes every request for one with a key',
    [lostAnswers],
    [
      'src/platform/http/app.ts',
      "c.req.header('idempotency-key') !== undefined",
      "c.req.header('idempotency-key') !== null",
    ],
  ),
  bug(
    'the gateway says of a write that broke off what it says of a read',
    [gatewayFailures],
    [
      'src/services/gateway/proxy.ts',
      "failure === 'refused' || readMethods.has(method)",
      "failure !== 'timeout' || readMethods.has(method)",
    ],
  ),
  bug(
    'the gateway says of what it has sent that nothing was done',
    [gatewayFailures],
    [
      'src/platform/calls/forward.ts',
      "if (controller === undefined) onFailure('refused')",
      "if (!response.headersSent) onFailure('refused')",
    ],
  ),
  bug(
    'an order that is stored is told as nothing when its database fails later',
    [lostAnswers],
    [
      'src/platform/saga/saga.ts',
      'if (!isFromDatabase(error)) throw error',
      'if (isFromDatabase(error)) throw error',
    ],
  ),
  bug(
    'any answer of 200 acknowledges a letter',
    [letters, recovery],
    [
      notification,
      '(status === 200 || status === 201) && isLetter(data, letter)',
      'status === 200 || status === 201',
    ],
  ),
  bug(
    'a letter to somebody else acknowledges a letter',
    [letters, recovery],
    [notification, '  shown.userId === asked.userId &&\n', ''],
    [notification, '  shown.email === asked.email &&\n', ''],
  ),
  bug(
    'any account that billing shows is that of the user',
    ['src/services/user/recovery.test.ts'],
    [
      billing,
      'shown?.userId === asked.userId && shown.email === asked.email',
      "typeof shown?.userId === 'string' && asked.userId !== ''",
    ],
  ),
  bug(
    'an operation with another amount pays an order',
    [recovery],
    [billing, '    operation.amount === asked.amount &&\n', ''],
  ),
  bug(
    'an operation that moved nothing pays an order',
    [recovery],
    [
      billing,
      '(operation.status === status || isNothingToRefund)',
      '(operation.status !== undefined || isNothingToRefund)',
    ],
  ),
  bug(
    'an answer counts although it is not declared as JSON',
    ['src/platform/calls/client.test.ts'],
    [
      'src/platform/calls/transport.ts',
      'if (!jsonMediaType.test(type)) {',
      "if (type === 'none') {",
    ],
  ),
  bug(
    'an answer that does not say where to write pays an order',
    [clients],
    [billing, " && account.email !== ''", ''],
  ),
  bug(
    'a code without the rest of its problem is a refusal',
    [clients],
    [client, ' || shown.status !== status', ''],
  ),
]
