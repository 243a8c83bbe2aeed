import type { Mutation } from './mutation.ts'

const batch = 'src/platform/database/batch.ts'
const database = 'src/platform/database/connections.ts'
const recoveryLoop = 'src/platform/saga/recovery.ts'
const claim = 'src/platform/saga/sql/claim.sql'
const client = 'src/platform/calls/client.ts'
const sharedCalls = 'src/platform/calls/shared.ts'
const forwarder = 'src/platform/calls/forward.ts'
const transport = 'src/platform/calls/transport.ts'
const notification = 'src/clients/notification.ts'
const userWorkflow = 'src/services/user/workflow.ts'
const insertUsers = 'src/services/user/sql/insert-users.sql'
const letterTables = 'src/services/notification/migrations/0000_letters.sql'
const insertLetters = 'src/services/notification/sql/insert-letters.sql'

const races = 'src/services/billing/races.test.ts'
const changes = 'src/services/order/changes.test.ts'
const recovery = 'src/services/order/recovery.test.ts'
const outages = 'test/guarantees/no-outage-loses-an-order.test.ts'

export const platformMutations: readonly Mutation[] = [
  {
    name: 'two callers are given one result',
    edits: [
      {
        file: batch,
        search: 'const result = results[index]',
        replace: 'const result = results[0]',
      },
    ],
    tests: ['src/platform/database/batch.test.ts', races],
  },
  {
    name: 'two calls that share a request are given one answer',
    edits: [
      {
        file: sharedCalls,
        search: 'readPart<Given>(parts[index])',
        replace: 'readPart<Given>(parts[0])',
      },
    ],
    tests: ['src/clients/shared-calls.test.ts'],
  },
  {
    name: 'a request that many calls shared counts as many failures',
    edits: [{ file: client, search: ' || counted.has(error)', replace: '' }],
    tests: ['src/clients/shared-calls.test.ts'],
  },
  {
    name: 'an open part of a shared answer is taken for an answer',
    edits: [
      {
        file: sharedCalls,
        search: 'if (leavesOpen(part.status)) throw',
        replace: 'if (part.status === 0) throw',
      },
    ],
    tests: ['src/clients/shared-calls.test.ts'],
  },
  {
    name: 'calls whose shared request is not understood are given up',
    edits: [
      {
        file: sharedCalls,
        search: 'return entries.forEach(sendAlone)',
        replace: 'return undefined',
      },
    ],
    tests: ['src/clients/shared-calls.test.ts'],
  },
  {
    name: 'callers that disturb each other share a statement',
    edits: [
      {
        file: batch,
        search: 'if (full || entry.keys.some((key) => keys.has(key))) left.push(entry)',
        replace: 'if (full) left.push(entry)',
      },
    ],
    tests: ['src/platform/database/batch.test.ts', races],
  },
  {
    name: 'a lost race is not run again',
    edits: [{ file: batch, search: 'const triesPerItem = 12', replace: 'const triesPerItem = 1' }],
    tests: ['src/platform/database/batch.test.ts', races],
  },
  {
    name: 'a conflict of keys is a failure, not a race',
    edits: [
      {
        file: database,
        search: "new Set(['40001', '40P01', '23505'])",
        replace: "new Set(['40001', '40P01'])",
      },
    ],
    tests: ['src/services/billing/key-conflicts.test.ts'],
  },
  {
    name: 'recovery never runs',
    edits: [
      { file: recoveryLoop, search: '    start: schedule,', replace: '    start: () => {},' },
    ],
    tests: [recovery],
  },
  {
    name: 'recovery gives a row up after a few attempts',
    edits: [
      {
        file: claim,
        search: 'from {{table}} where due_at <= now()',
        replace: 'from {{table}} where due_at <= now() and attempts < 3',
      },
    ],
    tests: [recovery, outages],
  },
  {
    name: 'recovery stops at the first failure',
    edits: [
      {
        file: recoveryLoop,
        search:
          "      log.warn({ err: error, loop: name }, 'recovery could not look for due rows')\n",
        replace:
          "      log.warn({ err: error, loop: name }, 'recovery could not look for due rows')\n      return\n",
      },
    ],
    tests: ['src/platform/saga/recovery.test.ts'],
  },
  {
    name: 'the lease of a claimed row is forgotten',
    edits: [
      {
        file: claim,
        search: 'set due_at = {{from-now input."leaseMs"}}, attempts = t.attempts + 1',
        replace:
          'set due_at = t.due_at + 0 * input."leaseMs" * interval \'1 s\', attempts = t.attempts + 1',
      },
    ],
    tests: ['src/services/order/claims.test.ts'],
  },
  {
    name: 'two workers claim the same row',
    edits: [
      {
        file: claim,
        search: '(select "maxRows" from input) for update skip locked',
        replace: '(select "maxRows" from input)',
      },
    ],
    tests: ['src/services/order/claims.test.ts'],
  },
  {
    name: 'an unanswered call is a done one, for letters',
    edits: [
      {
        file: 'src/services/order/workflow.ts',
        search: "if (letter.outcome === 'unknown') {",
        replace: "if (letter.outcome === ('never' as string)) {",
      },
    ],
    tests: [recovery, outages],
  },
  {
    name: 'a letter that notification refused counts as sent',
    edits: [
      {
        file: notification,
        search: '(status === 200 || status === 201) && isLetter(data, letter)',
        replace: 'status >= 300 || isLetter(data as never, letter)',
      },
    ],
    tests: [recovery, outages],
  },
  {
    name: 'an answer of 5xx is taken for an answer',
    edits: [
      {
        file: transport,
        search: 'status >= 500 || status === 408 || status === 429',
        replace: 'status === 408 || status === 429',
      },
      {
        file: 'src/clients/billing.ts',
        search: '    default:\n      return undefined',
        replace:
          "    default:\n      if ((answer as { status: number }).status < 500) return undefined\n      return { outcome: 'refused', code: 'insufficient-funds', email: null }",
      },
    ],
    tests: [recovery],
  },
  {
    name: 'an account that billing did not confirm is open',
    edits: [
      {
        file: userWorkflow,
        search: "if (account.outcome === 'done') {",
        replace: "if (account.outcome === 'done' || account.outcome === 'unknown') {",
      },
    ],
    tests: ['src/services/user/recovery.test.ts'],
  },
  {
    name: 'a known key of a user is not looked for',
    edits: [
      {
        file: insertUsers,
        search: 'join users u on u.idempotency_key = i."idempotencyKey"\n',
        replace: 'join users u on u.idempotency_key = i."idempotencyKey" and false\n',
      },
    ],
    tests: ['src/services/user/users.test.ts'],
  },
  {
    name: 'notification stores a letter as often as it comes',
    edits: [
      {
        file: letterTables,
        search: '\tCONSTRAINT "letters_key" UNIQUE("key"),\n',
        replace: '',
      },
      {
        file: insertLetters,
        search: 'on conflict (key) do nothing returning *',
        replace: 'on conflict do nothing returning *',
      },
    ],
    tests: ['src/services/notification/notifications.test.ts'],
  },
  {
    name: 'commits are acknowledged before they are on disk',
    edits: [
      {
        file: database,
        search: "connection: { application_name: 'orderly' }",
        replace: "connection: { application_name: 'orderly', synchronous_commit: 'off' }",
      },
    ],
    tests: ['src/platform/database/db.test.ts'],
  },
  {
    name: 'a statement whose connection was lost is run again blindly',
    edits: [
      {
        file: database,
        search: 'error instanceof postgres.PostgresError && retryableCodes.has(error.code)',
        replace:
          'error instanceof ProblemError || (error instanceof postgres.PostgresError && retryableCodes.has(error.code))',
      },
    ],
    tests: ['src/platform/database/lost-answers.test.ts'],
  },
  {
    name: 'the gateway sends a request again that may have been done',
    edits: [
      {
        file: forwarder,
        search: 'if (controller === undefined && mayTryAgain) {',
        replace: 'if (mayTryAgain) {',
      },
    ],
    tests: ['test/guarantees/gateway-failures.test.ts'],
  },
  {
    name: 'the public may use the services’ own keys',
    edits: [
      {
        file: 'src/services/gateway/proxy.ts',
        search: 'if (!bare.startsWith(sagaKeyPrefix)) return undefined',
        replace: 'if (bare !== sagaKeyPrefix) return undefined',
      },
    ],
    tests: ['test/guarantees/gateway-failures.test.ts'],
  },
  {
    name: 'changes of an order are opened without locking it',
    edits: [
      {
        file: 'src/services/order/sql/open-changes.sql',
        search:
          'select * from orders where id in (select "orderId" from fresh) order by id for update',
        replace: 'select * from orders where id in (select "orderId" from fresh) order by id',
      },
    ],
    tests: [changes],
  },
  {
    name: 'the rows of statements have texts for dates',
    edits: [
      {
        file: database,
        search: '{ parsers: { ...parsers }, serializers: { ...serializers } }',
        replace: '{ parsers, serializers }',
      },
    ],
    tests: ['src/platform/database/decoding.test.ts'],
  },
]
