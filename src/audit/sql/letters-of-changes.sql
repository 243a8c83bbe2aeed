-- The letters that are written by now: a change that owes nothing any more has sent its own.
select c.id, c.id || ':' || k.kind as key, c.user_id as "userId", c.email, k.kind,
  c.order_id as "orderId", null as "bookingId", coalesce(c.to_price, c.from_price) as amount
from page c
cross join lateral (
  select case c.kind when 'CANCEL' then 'ORDER_CANCELLED' else 'ORDER_REPRICED' end as kind
) k
where c.status = 'DONE' and c.due_at is null and c.email is not null
  and c.to_price is distinct from c.from_price
  and greatest({{changed c}}, c.decided_at) >= {{since}}
