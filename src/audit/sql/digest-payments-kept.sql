-- What billing has of them.
select o.user_id as "userId", count(*)::int as count,
  sum(hashtextextended(coalesce(o.key, '') || '|' || o.kind || '|' || o.amount || '|'
    || coalesce(o.reason, o.status) || '|' || coalesce(o.reference, ''), 0)) as sum
from operations o
where {{in-range o.user_id}} and (o.key like 'saga:%' or o.reference like 'saga:%')
group by o.user_id
