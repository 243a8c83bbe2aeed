-- What billing must have stored under the key of each change that is decided.
select c.id, c.user_id as "userId", 'saga:' || c.id as key,
  case when d.difference > 0 then 'WITHDRAW' else 'REFUND' end as kind, abs(d.difference) as amount,
  case c.status when 'DONE' then 'DONE' else 'REFUSED' end as outcome, c.reason,
  'saga:' || c.order_id as reference, null::bigint as taken, c.status as state
from page c
cross join lateral (select coalesce(c.to_price, 0) - c.from_price as difference) d
where c.status <> 'PENDING' and d.difference <> 0 and c.reason is distinct from 'user-not-found'
  and greatest({{changed c}}, c.decided_at) >= {{since}}
