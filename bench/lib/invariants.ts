import { setTimeout as sleep } from 'node:timers/promises'
import type postgres from 'postgres'
import type { BenchDatabases } from './databases.ts'

/** What must hold when the load has ended, however fast it was. */
export interface Invariant {
  readonly what: string
  readonly holds: boolean
  readonly found: string
}

export interface Told {
  /** How many orders clients were told are paid. */
  readonly approved: number
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

const settleTimeoutMs = 30_000

/** The service stores after the answer that a letter is sent, and recovery may have to help. */
const waitUntilSettled = async (sql: postgres.Sql): Promise<number> => {
  const giveUpAtMs = performance.now() + settleTimeoutMs
  for (;;) {
    const due = await countOf(sql, 'orders where due_at is not null')
    if (due === 0 || performance.now() > giveUpAtMs) return due
    await sleep(250)
  }
}

const none = (what: string, count: number): Invariant => ({
  what,
  holds: count === 0,
  found: String(count),
})

export const checkInvariants = async (
  { admin }: BenchDatabases,
  told: Told,
): Promise<Invariant[]> => {
  const { order, billing, notification } = admin
  const due = await waitUntilSettled(order)
  const approved = await sumsOf(order, 'id::text', 'price', `orders where decision = 'APPROVED'`)
  const decided = await sumsOf(
    order,
    `id::text || ':ORDER_' || decision`,
    'price',
    'orders where decision is not null',
  )
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
    compare('one withdrawal per approved order, of its price', approved, withdrawals),
    compare('one letter per decided order', decided, letters),
    compare('one letter per deposit', deposits, depositLetters),
    {
      what: 'what clients were told is stored, and nothing else',
      holds: placed >= told.approved && placed <= told.approved + told.unknown,
      found: `${placed} stored, ${told.approved} told, ${told.unknown} unanswered`,
    },
  ]
}
