import { bug } from './mutation.ts'

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

export const platformMutations = [
  bug(
    'two callers are given one result',
    ['src/platform/database/batch.test.ts', races],
    [batch, 'const result = results[index]', 'const result = results[0]'],
  ),
  bug(
    'two calls that share a request are given one answer',
    ['src/clients/shared-calls.test.ts'],
    [sharedCalls, 'readPart<Given>(parts[index])', 'readPart<Given>(parts[0])'],
  ),
  bug(
    'a request that many calls shared counts as many failures',
    ['src/clients/shared-calls.test.ts'],
    [client, ' || counted.has(error)', ''],
  ),
  bug(
    'an open part of a shared answer is taken for an answer',
    ['src/clients/shared-calls.test.ts'],
    [sharedCalls, 'if (leavesOpen(part.status)) throw', 'if (part.status === 0) throw'],
  ),
  bug(
    'calls whose shared request is not understood are given up',
    ['src/clients/shared-calls.test.ts'],
    [sharedCalls, 'return entries.forEach(sendAlone)', 'return undefined'],
  ),
  bug(
    'callers that disturb each other share a statement',
    ['src/platform/database/batch.test.ts', races],
    [
      batch,
      'if (full || entry.keys.some((key) => keys.has(key))) left.push(entry)',
      'if (full) left.push(entry)',
    ],
  ),
  bug(
    'a lost race is not run again',
    ['src/platform/database/batch.test.ts', races],
    [batch, 'const triesPerItem = 12', 'const triesPerItem = 1'],
  ),
  bug(
    'a conflict of keys is a failure, not a race',
    ['src/services/billing/key-conflicts.test.ts'],
    [database, "new Set(['40001', '40P01', '23505'])", "new Set(['40001', '40P01'])"],
  ),
  bug(
    'recovery never runs',
    [recovery],
    [recoveryLoop, '    start: schedule,', '    start: () => {},'],
  ),
  bug(
    'recovery gives a row up after a few attempts',
    [recovery, outages],
    [
      claim,
      'from {{table}} where due_at <= now()',
      'from {{table}} where due_at <= now() and attempts < 3',
    ],
  ),
  bug(
    'recovery stops at the first failure',
    ['src/platform/saga/recovery.test.ts'],
    [
      recoveryLoop,
      "      log.warn({ err: error, loop: name }, 'recovery could not look for due rows')\n",
      "      log.warn({ err: error, loop: name }, 'recovery could not look for due rows')\n      return\n",
    ],
  ),
  bug(
    'the lease of a claimed row is forgotten',
    ['src/services/order/claims.test.ts'],
    [
      claim,
      'set due_at = {{from-now input."leaseMs"}}, attempts = t.attempts + 1',
      'set due_at = t.due_at + 0 * input."leaseMs" * interval \'1 s\', attempts = t.attempts + 1',
    ],
  ),
  bug(
    'two workers claim the same row',
    ['src/services/order/claims.test.ts'],
    [
      claim,
      '(select "maxRows" from input) for update skip locked',
      '(select "maxRows" from input)',
    ],
  ),
  bug(
    'an unanswered call is a done one, for letters',
    [recovery, outages],
    [
      'src/services/order/workflow.ts',
      "if (letter.outcome === 'unknown') {",
      "if (letter.outcome === ('never' as string)) {",
    ],
  ),
  bug(
    'a letter that notification refused counts as sent',
    [recovery, outages],
    [
      notification,
      '(status === 200 || status === 201) && isLetter(data, letter)',
      'status >= 300 || isLetter(data as never, letter)',
    ],
  ),
  bug(
    'an answer of 5xx is taken for an answer',
    [recovery],
    [transport, 'status >= 500 || openStatuses.has(status)', 'openStatuses.has(status)'],
    [
      'src/clients/billing.ts',
      '    default:\n      return undefined',
      "    default:\n      if ((answer as { status: number }).status < 500) return undefined\n      return { outcome: 'refused', code: 'insufficient-funds', email: null }",
    ],
  ),
  bug(
    'an account that billing did not confirm is open',
    ['src/services/user/recovery.test.ts'],
    [userWorkflow, "if (account.outcome !== 'done') {", "if (account.outcome === 'refused') {"],
  ),
  bug(
    'a known key of a user is not looked for',
    ['src/services/user/users.test.ts'],
    [
      insertUsers,
      'join users u on u.idempotency_key = i."idempotencyKey"\n',
      'join users u on u.idempotency_key = i."idempotencyKey" and false\n',
    ],
  ),
  bug(
    'notification stores a letter as often as it comes',
    ['src/services/notification/notifications.test.ts'],
    [letterTables, '\tCONSTRAINT "letters_key" UNIQUE("key"),\n', ''],
    [
      insertLetters,
      'on conflict (key) do nothing returning *',
      'on conflict do nothing returning *',
    ],
  ),
  bug(
    'commits are acknowledged before they are on disk',
    ['src/platform/database/db.test.ts'],
    [
      database,
      "connection: { application_name: 'orderly' }",
      "connection: { application_name: 'orderly', synchronous_commit: 'off' }",
    ],
  ),
  bug(
    'a statement whose connection was lost is run again blindly',
    ['src/platform/database/lost-answers.test.ts'],
    [
      database,
      'error instanceof postgres.PostgresError && retryableCodes.has(error.code)',
      'error instanceof ProblemError || (error instanceof postgres.PostgresError && retryableCodes.has(error.code))',
    ],
  ),
  bug(
    'the gateway sends a request again that may have been done',
    ['test/guarantees/gateway-failures.test.ts'],
    [forwarder, 'if (controller === undefined && mayTryAgain) {', 'if (mayTryAgain) {'],
  ),
  bug(
    'the public may use the services’ own keys',
    ['test/guarantees/gateway-failures.test.ts'],
    [
      'src/services/gateway/proxy.ts',
      'if (!bare.startsWith(sagaKeyPrefix)) return undefined',
      'if (bare !== sagaKeyPrefix) return undefined',
    ],
  ),
  bug(
    'changes of an order are opened without locking it',
    [changes],
    [
      'src/services/order/sql/open-changes.sql',
      '  order by o.id for update of o',
      '  order by o.id',
    ],
  ),
  bug(
    'the rows of statements have texts for dates',
    ['src/platform/database/decoding.test.ts'],
    [
      database,
      '{ parsers: { ...parsers }, serializers: { ...serializers } }',
      '{ parsers, serializers }',
    ],
  ),
]
