-- Letters about orders. Each key says by which row it was owed.
select l.id, l.key, case when l.key ~ {{letter-key}} then substr(l.key, 1, 36) end as "keyId",
  l.kind, l.user_id as "userId", l.order_id as "orderId", l.booking_id as "bookingId", l.amount
from page l
where (l.order_id is not null or l.kind like 'ORDER_%') and l.created_at >= {{since}}
