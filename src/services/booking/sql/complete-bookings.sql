with input as materialized (
  select * from {{input}}
),
-- The offer first, as everywhere: two statements that lock in one order cannot deadlock.
target as materialized (
  select o.id from offers o
  where o.id in (select b.offer_id from bookings b join input i on i.id = b.id)
  order by o.id for update
),
completed as (
  update bookings b set status = 'COMPLETED', completed_at = date_trunc('milliseconds', now())
  from input i, target t
  -- The state is compared as an expression: else the partial index of held offers would seem cheaper
  -- than the key while the table is small, and a plan lives long.
  where b.id = i.id and t.id = b.offer_id and b.status || '' = 'PAID' and b.ends_at <= now()
  returning b.*
),
followed as (
  update offers o set status = 'COMPLETED' from completed c
  where o.id = c.offer_id and o.booking_id = c.id and o.status = 'PAID'
)
select i.ord, 'completed' as outcome, {{columns c}} from input i join completed c on c.id = i.id
union all
select i.ord, case
    when b.status = 'COMPLETED' then 'known'
    when b.status in ('PENDING', 'RELEASING') then 'undecided'
    when b.status = 'PAID' then 'not-over'
    else 'final'
  end, {{columns b}}
from input i join bookings b on b.id = i.id
-- What was paid and is over, and was not completed, has just changed out of sight: it runs again.
where not exists (select from completed c where c.id = i.id)
  and not (b.status = 'PAID' and b.ends_at <= now())
