-- Which letters about orders and changes each person must have got, as one number.
select user_id as "userId", count(*)::int as count, sum(hashtextextended(line, 0)) as sum
from (
  select o.user_id, o.id || ':ORDER_' || o.decision || '|' || o.price || '|' || o.id || '|' || o.email
    as line
  from orders o
  where {{in-range o.user_id}} and o.decision is not null and o.due_at is null and o.email is not null
  union all
  select c.user_id, c.id || case c.kind when 'CANCEL' then ':ORDER_CANCELLED' else ':ORDER_REPRICED' end
    || '|' || coalesce(c.to_price, c.from_price) || '|' || c.order_id || '|' || c.email
  from orders o
  join order_changes c on c.order_id = o.id
  where {{in-range o.user_id}} and c.status = 'DONE' and c.due_at is null and c.email is not null
    and c.to_price is distinct from c.from_price
) expected
group by user_id
