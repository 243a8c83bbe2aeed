-- A change agrees with its order and with its own timeline.
select c.id, c.order_id as "orderId", c.user_id as "userId", c.kind, c.from_price as "fromPrice",
  c.to_price as "toPrice", c.status, c.reason, c.due_at as "dueAt", c.timeline, o.status as "order",
  p.problem
from page c
left join orders o on o.id = c.order_id
cross join lateral (
  select case
    when o.id is null then 'there is no such order'
    when o.user_id <> c.user_id then 'its order belongs to somebody else'
    when o.decision is distinct from 'APPROVED' then 'its order was never paid'
    when (c.status = 'PENDING') <> (c.decided_at is null) then 'nobody knows when it was decided'
    when c.status = 'PENDING' and c.due_at is null then 'it is undecided, and nobody will decide it'
    when jsonb_array_length(c.timeline) >= {{full-timeline}} then null
    when c.status = 'DONE' and not c.timeline @> '[{"step": "settle-difference", "outcome": "done"}]'
      and not c.timeline @> '[{"step": "nothing-to-move", "outcome": "done"}]'
      then 'it is done, and its timeline knows of no money'
    when c.status = 'REFUSED'
      and not c.timeline @> '[{"step": "settle-difference", "outcome": "refused"}]'
      and not c.timeline @> '[{"step": "ask-user", "outcome": "refused"}]'
      then 'it is refused, and its timeline knows of no refusal'
    when c.status = 'DONE' and c.due_at is null and c.email is not null
      and c.to_price is distinct from c.from_price
      and not c.timeline @> '[{"step": "letter", "outcome": "done"}]'
      then 'nothing is owed any more, and its timeline knows of no letter'
  end as problem
) p
where p.problem is not null and greatest({{changed c}}, c.decided_at) >= {{since}}
