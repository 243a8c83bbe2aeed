-- What billing must have stored under the keys of each booking: its payment, its refund, or the
-- tombstone that stops a payment which is still under way.
select b.id, b.user_id as "userId", m.*, b.status as state
from page b
cross join lateral (
  select 'saga:' || b.id as key, 'WITHDRAW' as kind, b.price as amount,
    case when b.status = 'RELEASED' then 'ANY' when b.status = 'REFUSED' then 'REFUSED' else 'DONE'
      end as outcome,
    case when b.status = 'REFUSED' then b.reason end as reason, null as reference,
    case when b.status in ('PAID', 'COMPLETED') then b.price when b.status <> 'CANCELLING' then 0
      end as taken
  union all
  select 'saga:' || b.refund_id, 'REFUND', b.price, 'DONE', null, 'saga:' || b.id, null
  where b.status = 'CANCELLED'
) m
where b.status not in ('PENDING', 'RELEASING')
  and greatest({{changed b}}, b.decided_at, b.cancelled_at, b.completed_at) >= {{since}}
