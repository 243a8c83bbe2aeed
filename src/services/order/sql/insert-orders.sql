with input as (
  select * from {{input}}
),
-- The order is stored, with its lease, before any money moves. A key that is known stores nothing.
inserted as (
  insert into orders (id, user_id, price, present_price, description, idempotency_key, request_id,
    trace, due_at)
  select id, "userId", price, price, description, "idempotencyKey", "requestId",
    trace, {{from-now "leaseMs"}}
  from input on conflict do nothing returning *
)
select i.ord, false as replayed, {{columns n}} from input i join inserted n on n.id = i.id
union all
-- A key that is known answers with its order. An item without a row lost a race and runs again.
select i.ord, true as replayed, {{columns o}} from input i
join orders o on o.user_id = i."userId" and o.idempotency_key = i."idempotencyKey"
where not exists (select from inserted n where n.id = i.id)
