import type postgres from 'postgres'
import { accountCount, orderPrice, ordersPerAccount, seededIdSql, startingBalance } from './ids.ts'
import type { BenchDatabases } from './databases.ts'

/**
 * Accounts and a history of orders as the services would have stored them: at the end the
 * invariants are checked over these rows too.
 */
export interface Seed {
  readonly orders: number
}

const email = (index: string) => `'bench-' || ${index} || '@example.com'`
const longAgo = `now() - interval '30 days'`
const done = (step: string) =>
  `jsonb_build_object('at', ${longAgo}, 'step', '${step}', 'attempt', 1, 'outcome', 'done', 'ms', 3)`

/** How many accounts have orders. The orders are spread over them, as those of many people. */
export const accountsWithOrders = (orders: number) => Math.ceil(orders / ordersPerAccount)

const series = (count: number) => `generate_series(0, ${count - 1}) as i`

const seedBilling = async (sql: postgres.Sql, orders: number) => {
  const owners = Math.max(1, accountsWithOrders(orders))
  const ordersOf = `case when i < ${owners} then (${orders} - i + ${owners - 1}) / ${owners} else 0 end`
  await sql.unsafe(`
    insert into accounts (user_id, email, balance, version, created_at)
    select ${seededIdSql('account', 'i')}, ${email('i')},
      ${startingBalance} - ${orderPrice} * (${ordersOf}), 1 + (${ordersOf}), ${longAgo}
    from ${series(accountCount)}`)
  await sql.unsafe(`
    insert into operations (id, user_id, seq, kind, amount, effect, status, balance_after,
      request_id, created_at)
    select ${seededIdSql('deposit', 'i')}, ${seededIdSql('account', 'i')}, 1, 'DEPOSIT',
      ${startingBalance}, ${startingBalance}, 'DONE', ${startingBalance}, 'bench', ${longAgo}
    from ${series(accountCount)}`)
  await sql.unsafe(`
    insert into deposit_letters (id, user_id, email, amount, timeline, created_at)
    select ${seededIdSql('deposit', 'i')}, ${seededIdSql('account', 'i')}, ${email('i')},
      ${startingBalance}, jsonb_build_array(${done('letter')}), ${longAgo}
    from ${series(accountCount)}`)
  if (orders === 0) return
  await sql.unsafe(`
    insert into operations (id, user_id, seq, key, kind, amount, effect, status, balance_after,
      request_id, created_at)
    select ${seededIdSql('withdrawal', 'i')}, ${seededIdSql('account', `i % ${owners}`)},
      2 + i / ${owners}, 'saga:' || ${seededIdSql('order', 'i')}, 'WITHDRAW', ${orderPrice},
      -${orderPrice}, 'DONE', ${startingBalance} - ${orderPrice} * (1 + i / ${owners}),
      ${seededIdSql('order', 'i')}, ${longAgo}
    from ${series(orders)}`)
}

const seedOrders = (sql: postgres.Sql, orders: number) => {
  const owners = accountsWithOrders(orders)
  return sql.unsafe(`
    insert into orders (id, user_id, price, present_price, description, idempotency_key, status,
      decision, email, request_id, decided_at, timeline, created_at)
    select ${seededIdSql('order', 'i')}, ${seededIdSql('account', `i % ${owners}`)}, ${orderPrice},
      ${orderPrice}, 'A book and a lamp', 'history-' || i, 'APPROVED', 'APPROVED',
      ${email(`(i % ${owners})`)}, ${seededIdSql('order', 'i')}, ${longAgo},
      jsonb_build_array(${done('withdraw')}, ${done('letter')}), ${longAgo}
    from ${series(orders)}`)
}

const seedLetters = async (sql: postgres.Sql, orders: number) => {
  await sql.unsafe(`
    insert into letters (id, key, user_id, email, kind, amount, subject, body, created_at)
    select ${seededIdSql('depositLetter', 'i')}, ${seededIdSql('deposit', 'i')} || ':DEPOSIT',
      ${seededIdSql('account', 'i')}, ${email('i')}, 'DEPOSIT', ${startingBalance},
      'Money arrived on your account', 'Thank you: your deposit is on your account.', ${longAgo}
    from ${series(accountCount)}`)
  if (orders === 0) return
  const owners = accountsWithOrders(orders)
  await sql.unsafe(`
    insert into letters (id, key, user_id, email, kind, order_id, amount, subject, body, created_at)
    select ${seededIdSql('orderLetter', 'i')}, ${seededIdSql('order', 'i')} || ':ORDER_APPROVED',
      ${seededIdSql('account', `i % ${owners}`)}, ${email(`(i % ${owners})`)}, 'ORDER_APPROVED',
      ${seededIdSql('order', 'i')}, ${orderPrice}, 'Hooray! Your order for 1.00 ₽ is paid',
      'Good news: we took 1.00 ₽ from your account, and order ' || ${seededIdSql('order', 'i')}
        || ' is yours.', ${longAgo}
    from ${series(orders)}`)
}

const seedUsers = (sql: postgres.Sql) =>
  sql.unsafe(`
    insert into users (id, username, email, request_id, account, created_at)
    select ${seededIdSql('account', 'i')}, 'bench-' || i, ${email('i')}, 'bench', 'OPEN', ${longAgo}
    from ${series(accountCount)}`)

/** Empty tables stay as the migrations made them, as autovacuum would leave them. */
export const analyseFilled = async (sql: postgres.Sql): Promise<void> => {
  const tables = await sql<{ name: string }[]>`
    select relname as name from pg_stat_user_tables where schemaname = 'public'`
  for (const { name } of tables) {
    const filled = await sql`select from ${sql(name)} limit 1`
    if (filled.length > 0) await sql`vacuum (analyze) ${sql(name)}`
  }
}

/** Fills a set of databases and leaves them analysed and on disk. */
export const seedDatabases = async ({ admin }: BenchDatabases, { orders }: Seed): Promise<void> => {
  await Promise.all([
    seedUsers(admin.user),
    seedBilling(admin.billing, orders),
    orders > 0 ? seedOrders(admin.order, orders) : undefined,
    seedLetters(admin.notification, orders),
  ])
  await Promise.all(Object.values(admin).map(analyseFilled))
  await admin.order.unsafe('checkpoint')
}

/** Only the accounts, for the database of the bare statements. */
export const seedBareAccounts = async (sql: postgres.Sql): Promise<void> => {
  await sql.unsafe(`
    insert into accounts (user_id, email, balance, created_at)
    select ${seededIdSql('account', 'i')}, ${email('i')}, ${startingBalance}, ${longAgo}
    from ${series(accountCount)}`)
  await sql.unsafe('vacuum (analyze) accounts')
}
