with input as (
  select * from {{input}}
),
-- The offer first, as everywhere: two statements that lock in one order cannot deadlock.
target as materialized (
  select o.id from offers o
  where o.id in (select b.offer_id from bookings b join input i on i.id = b.id)
  order by o.id for update
),
-- The hold is over. The offer stays held until billing has given the money back, or has noted that
-- it never takes it.
released as (
  update bookings b set status = 'RELEASING', reason = 'hold-over', attempts = 0,
    timeline = {{appended b.timeline i.entry}}, due_at = {{from-now i."leaseMs"}}
  from input i, target t
  -- The state is compared as an expression: else the partial index of held offers would seem cheaper
  -- than the key while the table is small, and a plan lives long.
  where b.id = i.id and t.id = b.offer_id and b.status || '' = 'PENDING'
    and b.hold_until <= now()
  returning b.*
)
select i.ord, true as changed, {{columns r}} from input i join released r on r.id = i.id
union all
-- Somebody else came first, or the hold is not over yet by the clock of the database. If somebody
-- came first while this statement waited, what they did is not in sight: then it runs again.
select i.ord, false as changed, {{columns b}} from input i join bookings b on b.id = i.id
where not exists (select from released r where r.id = i.id)
  and not (b.status = 'PENDING' and b.hold_until <= now())
