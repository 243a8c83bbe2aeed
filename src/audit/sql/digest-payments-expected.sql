-- What orders and changes of each person must have at billing, as one number: the sum of a hash of
-- each operation.
select user_id as "userId", count(*)::int as count, sum(hashtextextended(line, 0)) as sum
from (
  select o.user_id, 'saga:' || o.id || '|WITHDRAW|' || o.price || '|'
    || coalesce(o.reason, 'DONE') || '|' as line
  from orders o
  where {{in-range o.user_id}} and o.decision is not null
    and o.reason is distinct from 'user-not-found'
  union all
  select c.user_id, 'saga:' || c.id || '|'
    || case when d.difference > 0 then 'WITHDRAW' else 'REFUND' end || '|' || abs(d.difference) || '|'
    || coalesce(c.reason, 'DONE') || '|saga:' || c.order_id
  from orders o
  join order_changes c on c.order_id = o.id
  cross join lateral (select coalesce(c.to_price, 0) - c.from_price as difference) d
  where {{in-range o.user_id}} and c.status <> 'PENDING' and d.difference <> 0
    and c.reason is distinct from 'user-not-found'
) expected
group by user_id
