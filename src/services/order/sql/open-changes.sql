with input as materialized (
  select * from {{input}}
),
-- A key that is known answers with its change. A cancellation needs no key: there is at most one.
-- Each who acts has keys of their own: an operator does not meet those of the order's owner. Whoever
-- is neither finds nothing, whatever the key.
known as materialized (
  select i.ord, c.id from input i join order_changes c on c.order_id = i."orderId"
    and (i."isOperator" or c.user_id = i.actor)
    and ((c.user_id = i.actor and c.idempotency_key = i."idempotencyKey")
      or c.idempotency_key = i."actingKey"
      or (i.kind = 'CANCEL' and c.kind = 'CANCEL' and c.status <> 'REFUSED'))
),
fresh as materialized (
  select i.* from input i where not exists (select from known k where k.ord = i.ord)
),
-- The order's row is locked first, so that the price is the present one even if another change was
-- being finished. All locks are taken in one order: two statements cannot deadlock. An order of
-- somebody else is not locked, and is missing for the rest of this statement.
target as materialized (
  select o.* from fresh f join orders o on o.id = f."orderId"
  where f."isOperator" or o.user_id = f.actor
  order by o.id for update of o
),
-- An index lets only one change of an order be open, so a conflict means that another one is.
opened as (
  insert into order_changes (id, order_id, user_id, email, kind, from_price, to_price,
    idempotency_key, request_id, trace, due_at)
  select f.id, t.id, t.user_id, t.email, f.kind, t.present_price, f."toPrice",
    case when t.user_id = f.actor then f."idempotencyKey" else f."actingKey" end,
    f."requestId", f.trace, {{from-now f."leaseMs"}}
  from fresh f join target t on t.id = f."orderId" where t.status = 'APPROVED'
  on conflict do nothing returning *
),
-- Changes that there are, be they old or new.
found as (
  select k.ord as place, 'known' as what, c.* from known k join order_changes c on c.id = k.id
  union all
  select f.ord, 'opened', p.* from fresh f join opened p on p.id = f.id
),
-- Why the others were not opened. Null: nothing in sight explains it, so the item runs again.
judged as (
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
),
answers as (
  select place as ord, what as outcome from found
  union all
  select ord, outcome from judged where outcome is not null
)
-- A change is shown with what its answer says of the order and what never changes there.
select a.ord, a.outcome, {{columns d}}, o.description, o.created_at as order_created_at
from answers a left join found d on d.place = a.ord left join orders o on o.id = d.order_id
