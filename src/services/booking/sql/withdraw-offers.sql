with input as materialized (
  select * from {{input}}
),
target as materialized (
  select o.* from offers o where o.id in (select i.id from input i) order by o.id for update
),
withdrawn as (
  update offers o set status = 'CANCELLED', cancelled_at = date_trunc('milliseconds', now()),
    cancelled_by = i."cancelledBy", cancel_reason = i.reason
  from input i, target t
  where o.id = i.id and t.id = o.id and o.status in ('OPEN', 'RESERVED', 'PAID')
    -- A booking that was stored while this statement waited is not in sight, so that it could not be
    -- given back: then nothing is done, and the item runs again.
    and (t.booking_id is null or exists (select from bookings b where b.id = t.booking_id offset 0))
  returning o.*
),
-- Whoever has it gets the money back: its saga owes that from the same moment on.
given_back as (
  update bookings b set attempts = 0, due_at = {{from-now i."leaseMs"}},
    status = case b.status when 'PENDING' then 'RELEASING' else 'CANCELLING' end,
    reason = case b.status when 'PENDING' then 'offer-withdrawn' end,
    cancelled_at = case b.status when 'PAID' then w.cancelled_at end,
    cancelled_by = case b.status when 'PAID' then w.cancelled_by end,
    cancel_reason = case b.status when 'PAID' then w.cancel_reason end
  from withdrawn w join input i on i.id = w.id
  -- The state is compared as an expression: else the partial index of held offers would seem cheaper
  -- than the key while the table is small, and a plan lives long.
  where b.id = w.booking_id and b.status || '' in ('PENDING', 'PAID')
  returning b.offer_id, b.status
)
select i.ord, 'withdrawn' as outcome, {{columns w}},
  exists (select from given_back g where g.offer_id = w.id and g.status = 'RELEASING') as ended_hold
from input i join withdrawn w on w.id = i.id
union all
-- An offer is withdrawn once. What this statement waited for is not in sight: then it runs again.
select i.ord, case o.status when 'CANCELLED' then 'known' else 'final' end, {{columns o}}, false
from input i join target t on t.id = i.id join offers o on o.id = i.id and o.status = t.status
where t.status in ('CANCELLED', 'COMPLETED')
union all
select i.ord, 'missing', {{columns n}}, false from input i left join offers n on false
where not exists (select from offers o where o.id = i.id)
