-- The letters that are written by now: an order that owes nothing any more has sent its own.
select o.id, o.id || ':ORDER_' || o.decision as key, o.user_id as "userId", o.email,
  'ORDER_' || o.decision as kind, o.id as "orderId", null as "bookingId", o.price as amount
from page o
where o.decision is not null and o.due_at is null and o.email is not null
  and greatest({{changed o}}, o.decided_at) >= {{since}}
