/**
 * What the system is compared with: the five durable steps of a paid order as plain single-row
 * statements on the same tables. They have no batching, no history, no check of earlier keys, and
 * only as much lease arithmetic as the tables demand.
 */
export const bareStatements = {
  insertOrder: `insert into orders (id, user_id, price, present_price, description,
    idempotency_key, request_id, due_at)
    values ($1, $2, $3, $3, $4, $5, $6, now() + interval '6 seconds')`,
  withdraw: `with moved as (
    update accounts set balance = balance - $3::bigint, version = version + 1
    where user_id = $2 and balance >= $3::bigint returning balance, version)
    insert into operations (id, user_id, seq, key, kind, amount, effect, status, balance_after,
      request_id)
    select $1::uuid, $2::uuid, version, $4::text, 'WITHDRAW', $3::bigint, -$3::bigint, 'DONE',
      balance, $5::text from moved`,
  decideOrder: `update orders set status = 'APPROVED', decision = 'APPROVED', email = $2,
    decided_at = now() where id = $1`,
  insertLetter: `insert into letters (id, key, user_id, email, kind, order_id, amount, subject, body)
    values ($1, $2, $3, $4, 'ORDER_APPROVED', $5, $6, $7, $8)`,
  noteLetter: `update orders set due_at = null where id = $1`,
} as const

export const bareLetter = {
  subject: 'Hooray! Your order for 1.00 ₽ is paid',
  body: 'Good news: we took 1.00 ₽ from your account, and the order is yours.',
}
