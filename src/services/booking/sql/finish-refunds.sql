with input as (
  select * from {{input}}
),
-- The offer first, as everywhere: two statements that lock in one order cannot deadlock.
target as materialized (
  select o.id from offers o
  where o.id in (select b.offer_id from bookings b join input i on i.id = b.id)
  order by o.id for update
),
-- The money is back, or will never be taken. Only now does the booking end.
finished as (
  update bookings b set status = case b.status when 'RELEASING' then 'RELEASED' else 'CANCELLED' end,
    decision = coalesce(b.decision, 'RELEASED'),
    decided_at = coalesce(b.decided_at, date_trunc('milliseconds', now())),
    email = coalesce(b.email, i.email), attempts = 0, due_at = null,
    timeline = {{appended b.timeline i.entry}}
  from input i, target t
  -- The state is compared as an expression: else the partial index of held offers would seem cheaper
  -- than the key while the table is small, and a plan lives long.
  where b.id = i.id and t.id = b.offer_id and b.status || '' in ('RELEASING', 'CANCELLING')
  returning b.*
),
-- Only now does its offer open again, if nobody has withdrawn it.
opened as (
  update offers o set status = 'OPEN', booking_id = null from finished f
  where o.id = f.offer_id and o.booking_id = f.id and o.status in ('RESERVED', 'PAID')
),
letters as (
  insert into booking_letters (id, booking_id, kind, user_id, email, company_id, decided_at, about,
    request_id, trace, due_at)
  select i."letterId", f.id, f.status, f.user_id, f.email, f.company_id,
    coalesce(f.cancelled_at, f.decided_at), i.about, f.request_id, i.trace, {{from-now i."leaseMs"}}
  from finished f join input i on i.id = f.id
)
select i.ord, true as changed, {{columns f}} from input i join finished f on f.id = i.id
union all
-- Who comes second finds what the first has noted.
select i.ord, false as changed, {{columns b}} from input i join bookings b on b.id = i.id
where b.status not in ('RELEASING', 'CANCELLING')
  and not exists (select from finished f where f.id = i.id)
