import { setTimeout as sleep } from 'node:timers/promises'
import type postgres from 'postgres'
import type { BenchDatabases } from './databases.ts'
import { seededIdSql } from './ids.ts'

/** What must hold when the load has ended, however fast it was. */
export interface Invariant {
  readonly what: string
  readonly holds: boolean
  readonly found: string
}

export interface Told {
  /** How many orders clients were told are paid. */
  readonly approved: number
  /** How many bookings they were told are paid. */
  readonly booked: number
  /** How many requests ended without an answer that tells the outcome. */
  readonly unknown: number
}

interface Sums {
  readonly count: number
  readonly digest: string
  readonly amount: string
}

/** Equal sums over equally many ids mean the same ids: a collision of 64 bits is unlikely. */
const sumsOf = async (sql: postgres.Sql, id: string, amount: string, from: string) => {
  const [row] = await sql.unsafe<Sums[]>(
    `select count(*)::int as count, coalesce(sum(hashtextextended(${id}, 7)), 0)::text as digest,
       coalesce(sum(${amount}), 0)::text as amount from ${from}`,
  )
  return row as Sums
}

const compare = (what: string, left: Sums, right: Sums): Invariant => ({
  what,
  holds: left.count === right.count && left.digest === right.digest && left.amount === right.amount,
  found: `${left.count} and ${right.count}`,
})

const countOf = async (sql: postgres.Sql, from: string): Promise<number> => {
  const [row] = await sql.unsafe<{ count: number }[]>(`select count(*)::int as count from ${from}`)
  return row?.count ?? Number.NaN
}

/** Of both together. */
const plus = (left: Sums, right: Sums): Sums => ({
  count: left.count + right.count,
  digest: String(BigInt(left.digest) + BigInt(right.digest)),
  amount: String(BigInt(left.amount) + BigInt(right.amount)),
})

const settleTimeoutMs = 30_000

/** The service stores after the answer that a letter is sent, and recovery may have to help. */
const waitUntilSettled = async (sql: postgres.Sql, tables: readonly string[]): Promise<number> => {
  const giveUpAtMs = performance.now() + settleTimeoutMs
  for (;;) {
    const counts = tables.map((table) => countOf(sql, `${table} where due_at is not null`))
    const due = (await Promise.all(counts)).reduce((total, count) => total + count, 0)
    if (due === 0 || performance.now() > giveUpAtMs) return due
    await sleep(250)
  }
}

const none = (what: string, count: number): Invariant => ({
  what,
  holds: count === 0,
  found: String(count),
})

/** The letters that each paid booking owes: to the customer, and to the manager of its company. */
const owedAboutBookings = async (booking: postgres.Sql) => {
  const from = `booking_letters l join bookings b on b.id = l.booking_id where l.kind = 'PAID'`
  const manager = `${seededIdSql('manager', '0')}::text`
  const ofCompany = `left(${manager}, 8) || substr(l.company_id::text, 9)`
  return plus(
    await sumsOf(booking, `l.id::text || ':BOOKING_PAID:' || l.user_id`, 'b.price', from),
    await sumsOf(booking, `l.id::text || ':OFFER_BOOKED:' || ${ofCompany}`, 'b.price', from),
  )
}

/** No offer is paid without its one booking, and no booking without its offer. */
const unevenOffers = (booking: postgres.Sql) =>
  countOf(
    booking,
    `(select booking_id, id from offers where status = 'PAID') o
     full join (select id as booking_id, offer_id from bookings where status = 'PAID') b
       using (booking_id) where o.id is distinct from b.offer_id`,
  )

const checkBookings = async (
  { booking, notification }: BenchDatabases['admin'],
  told: Told,
): Promise<Invariant[]> => {
  const due = await waitUntilSettled(booking, ['bookings', 'booking_letters'])
  const letters = await sumsOf(
    notification,
    'key',
    'amount',
    'letters where booking_id is not null',
  )
  const paid = await countOf(booking, `bookings where status = 'PAID'`)
  return [
    none('no booking is pending or owes letters', due),
    none('each paid offer has one paid booking', await unevenOffers(booking)),
    compare('two letters per paid booking', await owedAboutBookings(booking), letters),
    {
      what: 'the bookings that clients were told of are stored, and nothing else',
      holds: paid >= told.booked && paid <= told.booked + told.unknown,
      found: `${paid} stored, ${told.booked} told, ${told.unknown} unanswered`,
    },
  ]
}

export const checkInvariants = async (
  { admin }: BenchDatabases,
  told: Told,
): Promise<Invariant[]> => {
  const { order, billing, booking, notification } = admin
  const due = await waitUntilSettled(order, ['orders'])
  const ofBookings = await checkBookings(admin, told)
  const approved = await sumsOf(order, 'id::text', 'price', `orders where decision = 'APPROVED'`)
  const decided = await sumsOf(
    order,
    `id::text || ':ORDER_' || decision`,
    'price',
    'orders where decision is not null',
  )
  const booked = await sumsOf(booking, 'id::text', 'price', `bookings where status = 'PAID'`)
  const withdrawals = await sumsOf(
    billing,
    'substr(key, 6)',
    'amount',
    `operations where kind = 'WITHDRAW' and status = 'DONE' and key like 'saga:%'`,
  )
  const letters = await sumsOf(notification, 'key', 'amount', 'letters where order_id is not null')
  const deposits = await sumsOf(
    billing,
    `id::text || ':DEPOSIT'`,
    'amount',
    `operations where kind = 'DEPOSIT' and status = 'DONE'`,
  )
  const depositLetters = await sumsOf(
    notification,
    'key',
    'amount',
    `letters where kind = 'DEPOSIT'`,
  )
  const wrongBalances = await countOf(
    billing,
    `accounts a left join (select user_id, sum(effect) as total, max(seq) as last
       from operations group by user_id) o using (user_id)
     where a.balance <> coalesce(o.total, 0) or a.version <> coalesce(o.last, 0)`,
  )
  const overdrawn = await countOf(billing, 'operations where balance_after < 0')
  const placed = await countOf(
    order,
    `orders where decision = 'APPROVED' and idempotency_key not like 'history-%'`,
  )
  return [
    none('no order is pending or owes a letter', due),
    none('each balance is the sum of its operations', wrongBalances),
    none('no balance was ever negative', overdrawn),
    compare(
      'one withdrawal per approved order and paid booking, of its price',
      plus(approved, booked),
      withdrawals,
    ),
    compare('one letter per decided order', decided, letters),
    compare('one letter per deposit', deposits, depositLetters),
    ...ofBookings,
    {
      what: 'what clients were told is stored, and nothing else',
      holds: placed >= told.approved && placed <= told.approved + told.unknown,
      found: `${placed} stored, ${told.approved} told, ${told.unknown} unanswered`,
    },
  ]
}
