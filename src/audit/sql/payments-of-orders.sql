-- What billing must have stored under the key of each order that is decided, and what an order must
-- have taken by now. While a change is open, either price may be the right one. The time of the last
-- change tells two looks apart that see the same prices.
select o.id, o.user_id as "userId", 'saga:' || o.id as key, 'WITHDRAW' as kind, o.price as amount,
  case when o.decision = 'APPROVED' then 'DONE'
    when o.reason <> 'user-not-found' then 'REFUSED' end as outcome,
  nullif(o.reason, 'user-not-found') as reason, null as reference,
  case when o.status <> 'APPROVED' then 0 when not c.open then o.present_price end as taken,
  o.status as state, c.changed as "changedAt"
from page o
cross join lateral (
  select coalesce(bool_or(status = 'PENDING'), false) as open,
    max(greatest(created_at, decided_at)) as changed
  from order_changes where order_id = o.id
) c
where o.decision is not null and greatest({{changed o}}, o.decided_at, c.changed) >= {{since}}
