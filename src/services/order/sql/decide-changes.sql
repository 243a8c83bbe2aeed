with input as (
  select * from {{input}}
),
-- The order first, as everywhere: two statements that lock in one order cannot deadlock.
target as materialized (
  select o.id from orders o
  where o.id in (select c.order_id from order_changes c join input i on i.id = c.id)
  order by o.id for update
),
-- Billing's answer becomes the decision, and the letter becomes due, in one step.
decided as (
  update order_changes c set status = i.status, reason = i.reason, decided_at = now(),
    attempts = 0, timeline = {{appended c.timeline i.entry}},
    -- A price that stays as it is moves nothing, so there is nothing to write about.
    due_at = case when i.status = 'DONE' and c.email is not null
      and c.to_price is distinct from c.from_price then {{from-now i."leaseMs"}} end
  from input i, target t where c.id = i.id and t.id = c.order_id and c.status = 'PENDING'
  returning c.*
),
-- The order follows its change in the same step, so that no reader sees one without the other.
followed as (
  update orders o set present_price = coalesce(d.to_price, o.present_price),
    status = case when d.kind = 'CANCEL' then 'CANCELLED' else o.status end
  from decided d where o.id = d.order_id and d.status = 'DONE'
)
select i.ord, true as changed, {{columns d}} from input i join decided d on d.id = i.id
union all
-- Who comes second finds the decision of the first.
select i.ord, false as changed, {{columns c}} from input i join order_changes c on c.id = i.id
where c.status <> 'PENDING'
