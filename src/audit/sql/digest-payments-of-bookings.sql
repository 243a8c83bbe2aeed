-- What bookings of each person must have at billing. What was released has several ways to be right,
-- so it is left out, and whoever has one is looked at row by row.
select user_id as "userId", count(*)::int as count, sum(hashtextextended(line, 0)) as sum
from (
  select b.user_id, 'saga:' || b.id || '|WITHDRAW|' || b.price || '|'
    || case when b.status = 'REFUSED' then b.reason else 'DONE' end || '|' as line
  from bookings b
  where {{in-range b.user_id}} and b.status not in ('PENDING', 'RELEASING', 'RELEASED')
  union all
  select b.user_id, 'saga:' || b.refund_id || '|REFUND|' || b.price || '|DONE|saga:' || b.id
  from bookings b
  where {{in-range b.user_id}} and b.status = 'CANCELLED'
) expected
group by user_id
