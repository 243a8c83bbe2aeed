import { bug } from './mutation.ts'

const billing = 'src/services/billing/app.ts'
const workflow = 'src/services/order/workflow.ts'
const order = 'src/services/order/app.ts'
const orderStore = 'src/services/order/store.ts'
const openChanges = 'src/services/order/sql/open-changes.sql'
const letters = 'src/services/notification/store.ts'
const caller = 'src/platform/http/caller.ts'
const acts = 'src/platform/http/acts.ts'
const app = 'src/platform/http/app.ts'

const accounts = 'src/services/billing/access.test.ts'
const orders = 'src/services/order/access.test.ts'
const lateSignUp = 'src/services/order/late-sign-up.test.ts'
const notifications = 'src/services/notification/access.test.ts'

const accountIsMine = '    requireReach(c, userId, () => accountNotFound(userId))\n'

const clientAddress = 'src/services/gateway/client-address.ts'
const addresses = 'src/services/gateway/client-address.test.ts'

/** Who reaches what, and in whose name: each of these lets somebody in who should not be. */
export const accessMutations = [
  bug(
    'anybody reads any account',
    [accounts],
    [
      billing,
      `${accountIsMine}    const account = await store.findAccount(userId)`,
      '    const account = await store.findAccount(userId)',
    ],
  ),
  bug(
    'anybody reads the statement of any account',
    [accounts],
    [billing, `${accountIsMine}    const { cursor, limit`, '    const { cursor, limit'],
  ),
  bug(
    'anybody takes money off any account',
    [accounts],
    [
      billing,
      `${accountIsMine}    const applied = await apply({`,
      '    const applied = await apply({',
    ],
  ),
  bug(
    'anybody puts money on any account',
    [accounts],
    [billing, '  if (person.id !== userId) throw accountNotFound(userId)\n', ''],
  ),
  bug(
    'at a bank, owners put money on their accounts',
    [accounts],
    [billing, "  if (depositsBy === 'owner') return\n", '  if (person.id === userId) return\n'],
  ),
  bug(
    'a teller puts money on any account where that is for owners',
    [accounts],
    [
      billing,
      'if (isTeller(person, depositsBy)) return',
      "if (person.roles.includes('teller')) return",
    ],
  ),
  bug(
    'at a bank, a stranger is told that the account is there',
    [accounts],
    [
      billing,
      'if (person.id !== userId) throw accountNotFound(userId)',
      "if (person.id !== userId && depositsBy === 'owner') throw accountNotFound(userId)",
    ],
  ),
  bug(
    'a stranger’s request is refused only after the account was looked up',
    [accounts],
    [
      billing,
      `${accountIsMine}    const account = await store.findAccount(userId)`,
      `    const account = await store.findAccount(userId)\n    if (account !== undefined) requireReach(c, userId, () => accountNotFound(userId))`,
    ],
  ),
  bug(
    'people give themselves back what an order took',
    [accounts],
    [
      'src/services/billing/contract.ts',
      "access: { services: ['order', 'booking'] },\n  summary: 'Give back what a withdrawal took',",
      "access: 'person',\n  summary: 'Give back what a withdrawal took',",
    ],
  ),
  bug(
    'anybody orders at the cost of anybody',
    [orders],
    [order, '    requireReach(c, userId, noSuchUser)\n', ''],
  ),
  bug(
    'anybody reads any order',
    [orders],
    [orderStore, ', ...ownedBy(orders.userId, viewer)))', '))'],
  ),
  bug(
    'anybody lists the orders of anybody',
    [orders],
    [orderStore, 'ownedBy(orders.userId, viewer, userId)', 'ownedBy(orders.userId, userId)'],
  ),
  bug(
    'who asks for nobody’s orders in particular gets everybody’s',
    [orders],
    [
      orderStore,
      'ownedBy(orders.userId, viewer, userId)',
      'ownedBy(orders.userId, userId && viewer, userId)',
    ],
  ),
  bug(
    'anybody changes any order',
    [orders],
    [openChanges, '  where f."isOperator" or o.user_id = f.actor\n', ''],
  ),
  bug(
    'a key of the owner shows a stranger what it changed',
    [orders],
    [
      openChanges,
      `    and (i."isOperator" or c.user_id = i.actor)
    and ((c.user_id = i.actor and c.idempotency_key = i."idempotencyKey")`,
      '    and ((c.idempotency_key = i."idempotencyKey")',
    ],
  ),
  bug(
    'a stranger cancels a cancelled order again to read it',
    [orders],
    [openChanges, '    and (i."isOperator" or c.user_id = i.actor)\n', ''],
  ),
  bug(
    'an operator’s key is the owner’s',
    [accounts, orders],
    [
      caller,
      'return key === null || id === ownerId ? key : scopedKey(id, key)',
      'return key === null || id === ownerId ? key : key',
    ],
  ),
  bug(
    'an operator’s key for a change is stored as the owner’s',
    [orders],
    [
      openChanges,
      'case when t.user_id = f.actor then f."idempotencyKey" else f."actingKey" end',
      'f."idempotencyKey"',
    ],
  ),
  bug(
    'an operator’s key for a change is not found again',
    [orders],
    [openChanges, '      or c.idempotency_key = i."actingKey"\n', ''],
  ),
  bug(
    'all operators share their keys',
    [accounts, orders],
    [caller, 'scopedKey(id, key)', "scopedKey('operator', key)"],
  ),
  bug(
    'letters show themselves to who asks for their user',
    [notifications],
    [
      letters,
      'ownedBy(letters.userId, viewer, userId)',
      'ownedBy(letters.userId, userId ?? viewer)',
    ],
  ),
  bug(
    'letters show themselves to who knows their order',
    [notifications],
    [
      letters,
      'ownedBy(letters.userId, viewer, userId)',
      'ownedBy(letters.userId, orderId === undefined ? viewer : null, userId)',
    ],
  ),
  bug(
    'people write letters in our name',
    [notifications],
    [
      'src/services/notification/contract.ts',
      "access: senders,\n  summary: 'Write many letters at once',",
      "access: 'person',\n  summary: 'Write many letters at once',",
    ],
  ),
  bug(
    'everybody is shown what operators see',
    [orders, notifications],
    [caller, 'return isOperator ? null : id', 'return isOperator ? null : null'],
  ),
  bug(
    'what an operator only reads is not written down',
    [orders, accounts],
    [
      acts,
      "if (caller?.kind !== 'person' || caller.person.roles.length === 0) return undefined",
      "if (caller?.kind !== 'person' || caller.person.roles.length === 0 || method === 'GET') return undefined",
    ],
  ),
  bug(
    'what an operator asks for is done although it cannot be written down',
    [orders, accounts],
    [
      acts,
      '      throw isUnknown(error) ? notWrittenDown(error) : error\n',
      '      void isUnknown(error)\n',
    ],
  ),
  bug(
    'a teller mints money and leaves no trace',
    [accounts],
    [
      billing,
      'route === depositRoute.path && isTeller(person, depositsBy)',
      'route === depositRoute.operationId && isTeller(person, depositsBy)',
    ],
  ),
  bug(
    'whatever a teller does for themselves is written down',
    [accounts],
    [
      billing,
      'route === depositRoute.path && isTeller(person, depositsBy)',
      "person.roles.includes('teller') && route !== ''",
    ],
  ),
  bug(
    'everybody reads what operators did',
    [orders, accounts, notifications],
    ['src/platform/http/acts-contract.ts', "access: 'operator',", "access: 'person',"],
  ),
  bug(
    'with another issuer, a payment that was refused for want of a user may still come',
    [lateSignUp],
    [workflow, 'nobodyMaySignUp ? saga.moveNowOrNever : undefined', 'undefined'],
  ),
  bug(
    'the last word about an account that is not there is not kept',
    [lateSignUp],
    [billing, 'const accountMayCome = !final', 'const accountMayCome = !final || final'],
  ),
  bug(
    'an order waits for ever for an account that is open and was missing for the last time',
    [lateSignUp],
    [workflow, "asked.outcome === 'done' && asked.account === 'OPEN'", 'false'],
  ),
  bug(
    'a path in another spelling finds the handler but not the guard',
    [accounts],
    [app, '    getPath: sentPath,\n', ''],
  ),
  bug(
    'an app serves those whom the server did not let in',
    ['src/platform/http/guarded-paths.test.ts'],
    [app, 'return caller === undefined ? nowhere : pathOf(url)', 'return pathOf(url)'],
  ),
  bug(
    'a guesser has as many names as there are addresses in a network of IPv6',
    [addresses],
    [clientAddress, "`${groups.slice(0, 4).join(':')}::/64`", "groups.join(':')"],
  ),
  bug(
    'all who come by IPv4 are one client, where a socket takes both',
    [addresses],
    [clientAddress, 'if (high !== undefined && low !== undefined)', "if (low === '')"],
  ),
]
