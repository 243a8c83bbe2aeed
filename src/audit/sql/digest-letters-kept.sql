-- Which of them notification has.
select l.user_id as "userId", count(*)::int as count,
  sum(hashtextextended(l.key || '|' || coalesce(l.amount, 0) || '|' || coalesce(l.order_id::text, '')
    || '|' || l.email, 0)) as sum
from letters l
where {{in-range l.user_id}} and (l.order_id is not null or l.kind like 'ORDER_%')
group by l.user_id
