import { appended, fromNow } from '../../platform/database/statement.ts'

/**
 * The state changes of orders and of their changes. Each is one statement, so
 * it is atomic by itself; an item without a row lost a race and runs again.
 */

/** The order is stored, with its lease, before any money moves. */
export const insertOrdersText = `
with input as (
  select * from json_to_recordset($1::text::json) as t(
    ord int, id uuid, "userId" uuid, price bigint, description text, "idempotencyKey" text,
    "requestId" text, "leaseMs" int)
), inserted as (
  insert into orders (id, user_id, price, present_price, description, idempotency_key, request_id,
    due_at)
  select id, "userId", price, price, description, "idempotencyKey", "requestId",
    ${fromNow('"leaseMs"')}
  from input on conflict do nothing returning *
)
select i.ord, false as replayed, n.* from input i join inserted n on n.id = i.id
union all
select i.ord, true as replayed, o.* from input i
join orders o on o.user_id = i."userId" and o.idempotency_key = i."idempotencyKey"
where not exists (select from inserted n where n.id = i.id)`

/**
 * Billing's answer becomes the decision, and the letter becomes due, in one
 * step. Who comes second finds the decision of the first, or that the order was
 * forgotten: then every column is null.
 */
export const decideOrdersText = `
with input as (
  select * from json_to_recordset($1::text::json) as t(
    ord int, id uuid, status text, reason text, email text, "leaseMs" int, entry jsonb)
), decided as (
  update orders o set status = i.status, decision = i.status, reason = i.reason, email = i.email,
    decided_at = now(), attempts = 0, timeline = ${appended('o.timeline', 'i.entry')},
    due_at = case when i.email is not null then ${fromNow('i."leaseMs"')} end
  from input i where o.id = i.id and o.status = 'PENDING' returning o.*
)
select i.ord, true as changed, d.* from input i join decided d on d.id = i.id
union all
select i.ord, false as changed, o.* from input i left join orders o on o.id = i.id
where (o.id is null or o.status <> 'PENDING')
  and not exists (select from decided d where d.id = i.id)`

/**
 * Forgets an order of nobody that nobody was told of. Whoever decided it before
 * wins: its row is shown then. An order that is gone has no row to show.
 */
export const forgetOrdersText = `
with input as (
  select * from json_to_recordset($1::text::json) as t(ord int, id uuid)
), forgotten as (
  delete from orders o using input i
  where o.id = i.id and o.status = 'PENDING' and o.idempotency_key is null returning o.id
)
select i.ord, false as changed, o.* from input i
left join orders o on o.id = i.id and not exists (select from forgotten f where f.id = i.id)
where o.id is null or o.status <> 'PENDING'`

/**
 * Opens a change of an approved order, or finds the one that this key opened.
 * The order's row is locked first, so that the price is the present one even if
 * another change was being finished.
 */
export const openChangesText = `
with input as materialized (
  select * from json_to_recordset($1::text::json) as t(
    ord int, id uuid, "orderId" uuid, kind text, "toPrice" bigint, "idempotencyKey" text,
    "requestId" text, "leaseMs" int)
), known as materialized (
  select i.ord, c.id from input i join order_changes c on c.order_id = i."orderId"
    and (c.idempotency_key = i."idempotencyKey"
      or (i.kind = 'CANCEL' and c.kind = 'CANCEL' and c.status <> 'REFUSED'))
), fresh as materialized (
  select i.* from input i where not exists (select from known k where k.ord = i.ord)
), target as materialized (
  select * from orders where id in (select "orderId" from fresh) order by id for update
), opened as (
  insert into order_changes (id, order_id, user_id, email, kind, from_price, to_price,
    idempotency_key, request_id, due_at)
  select f.id, t.id, t.user_id, t.email, f.kind, t.present_price, f."toPrice", f."idempotencyKey",
    f."requestId", ${fromNow('f."leaseMs"')}
  from fresh f join target t on t.id = f."orderId" where t.status = 'APPROVED'
  on conflict do nothing returning *
), found as (
  select k.ord as place, 'known' as what, c.* from known k join order_changes c on c.id = k.id
  union all
  select f.ord, 'opened', p.* from fresh f join opened p on p.id = f.id
), judged as (
  select f.ord, case
    when t.id is null then 'missing'
    when t.status = 'PENDING' then 'undecided'
    when t.status <> 'APPROVED' then (
      -- If it ended while this statement waited for the lock, the change that ended it is not in
      -- sight here, and may be the very one that is asked for: then no answer, but another run.
      select 'final' from orders o where o.id = t.id and o.status = t.status
    )
    when exists (
      select from order_changes c where c.order_id = t.id and c.status = 'PENDING'
    ) then 'busy'
  end as outcome
  from fresh f left join target t on t.id = f."orderId"
  where not exists (select from opened p where p.id = f.id)
), answers as (
  select place as ord, what as outcome from found
  union all
  select ord, outcome from judged where outcome is not null
)
select a.ord, a.outcome, d.*, o.description, o.created_at as order_created_at
from answers a left join found d on d.place = a.ord left join orders o on o.id = d.order_id`

/** The change is finished, the order follows it, and the letter becomes due, in one step. */
export const decideChangesText = `
with input as (
  select * from json_to_recordset($1::text::json) as t(
    ord int, id uuid, status text, reason text, "leaseMs" int, entry jsonb)
), target as materialized (
  -- The order first, as everywhere: two statements that lock in one order cannot deadlock.
  select o.id from orders o
  where o.id in (select c.order_id from order_changes c join input i on i.id = c.id)
  order by o.id for update
), decided as (
  update order_changes c set status = i.status, reason = i.reason, decided_at = now(),
    attempts = 0, timeline = ${appended('c.timeline', 'i.entry')},
    -- A price that stays as it is moves nothing, so there is nothing to write about.
    due_at = case when i.status = 'DONE' and c.email is not null
      and c.to_price is distinct from c.from_price then ${fromNow('i."leaseMs"')} end
  from input i, target t where c.id = i.id and t.id = c.order_id and c.status = 'PENDING'
  returning c.*
), followed as (
  update orders o set present_price = coalesce(d.to_price, o.present_price),
    status = case when d.kind = 'CANCEL' then 'CANCELLED' else o.status end
  from decided d where o.id = d.order_id and d.status = 'DONE'
)
select i.ord, true as changed, d.* from input i join decided d on d.id = i.id
union all
select i.ord, false as changed, c.* from input i join order_changes c on c.id = i.id
where c.status <> 'PENDING'`
