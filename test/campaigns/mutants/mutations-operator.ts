import { bug } from './mutation.ts'

/** Bugs in what operators see and have tried again, and in what people follow live. */
const retry = 'src/platform/saga/sql/retry.sql'
const live = 'src/services/gateway/live.ts'

const owed = 'src/services/order/owed.test.ts'
const following = 'src/services/gateway/live.test.ts'
const traffic = 'src/services/gateway/traffic.test.ts'

export const operatorMutations = [
  bug(
    'a timeline forgets why a step failed',
    ['src/platform/saga/saga.test.ts', owed],
    [
      'src/platform/saga/saga.ts',
      '    ...(why === undefined ? {} : { reason: briefReason(why) }),\n',
      '',
    ],
  ),
  bug(
    'the reason of a failure is kept as it came',
    ['src/platform/saga/saga.test.ts'],
    ['src/platform/saga/saga.ts', 'reason: briefReason(why)', 'reason: why'],
  ),
  bug(
    'a retry takes a row from who works on it',
    [owed],
    [retry, 'and o.owes and o.is_idle returning', 'and o.owes returning'],
  ),
  bug(
    'a retry takes a row whose letter is on its way',
    [owed],
    [retry, "t.timeline -> -1 ->> 'outcome' = 'unknown'\n      and ", ''],
  ),
  bug(
    'a retry under a known key is made again',
    [owed],
    [retry, 'where not exists (select from known) for update of t', 'for update of t'],
  ),
  bug(
    'what is owed is listed table by table',
    [owed],
    [
      'src/platform/saga/owed.ts',
      '.flatMap((each) => each.items).toSorted(byAge)',
      '.flatMap((each) => each.items)',
    ],
  ),
  bug(
    'an order that waits for billing is no more than a row at work',
    [owed],
    [
      'src/platform/saga/owed.ts',
      'return dueAt.getTime() > Date.now() && !hasEnded',
      'return dueAt.getTime() > Date.now()',
    ],
  ),
  bug(
    'who follows is shown what has not changed',
    [following],
    [live, 'answer.status === 200 && answer.body !== shown', 'answer.status === 200'],
  ),
  bug(
    'who follows an order is not told of its changes',
    [following],
    [live, 'owes !== false || changes.some((change) => change.owes !== false)', 'owes !== false'],
  ),
  bug(
    'a service is asked on when nobody looks any more',
    [following],
    [live, "      response.once('close', close)\n", ''],
  ),
  bug(
    'a stop waits for those who follow',
    [following],
    ['src/services/gateway/service.ts', '    beginStop: own.stop,\n', ''],
  ),
  bug(
    'as many follow as like to',
    [following],
    [live, '!isStopping && open.size < maxStreams && ', '!isStopping && '],
  ),
  bug(
    'what passed a quarter of an hour ago is counted again',
    [traffic],
    ['src/services/gateway/traffic.ts', '        cells.fill(0, at, at + width)\n', ''],
  ),
]
