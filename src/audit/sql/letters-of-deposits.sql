-- The letters that are written by now: a deposit that owes nothing any more has sent its own.
select l.id, l.id || ':DEPOSIT' as key, l.user_id as "userId", l.email, 'DEPOSIT' as kind,
  null as "orderId", null as "bookingId", l.amount
from page l
where l.due_at is null and {{changed l}} >= {{since}}
