with input as (
  select * from {{input}}
),
-- The offer first, as everywhere: two statements that lock in one order cannot deadlock.
target as materialized (
  select o.id, o.status, o.booking_id from offers o
  where o.id in (select b.offer_id from bookings b join input i on i.id = b.id)
  order by o.id for update
),
-- A payment stands only while the offer is held for it: else the money goes back.
verdict as materialized (
  select i.*, i.status = 'REFUSED' or (t.status = 'RESERVED' and t.booking_id = b.id) as stands
  from input i join bookings b on b.id = i.id join target t on t.id = b.offer_id
),
-- Billing's answer becomes the decision.
decided as (
  update bookings b set status = case when v.stands then v.status else 'RELEASING' end,
    decision = case when v.stands then v.status end,
    decided_at = case when v.stands then date_trunc('milliseconds', now()) end,
    reason = case when v.stands then v.reason else 'offer-withdrawn' end,
    due_at = case when not v.stands then {{from-now v."leaseMs"}} end,
    email = v.email, attempts = 0, timeline = {{appended b.timeline v.entry}}
  from verdict v
  -- The state is compared as an expression: else the partial index of held offers would seem cheaper
  -- than the key while the table is small, and a plan lives long.
  where b.id = v.id and b.status || '' = 'PENDING'
  returning b.*
),
-- The offer follows in the same step.
followed as (
  update offers o set status = case d.status when 'PAID' then 'PAID' else 'OPEN' end,
    booking_id = case d.status when 'PAID' then d.id end
  from decided d
  where o.id = d.offer_id and o.status = 'RESERVED' and o.booking_id = d.id
    and d.status in ('PAID', 'REFUSED')
),
-- So do the letters that are due about it.
letters as (
  insert into booking_letters (id, booking_id, kind, user_id, email, company_id, decided_at, about,
    request_id, trace, due_at)
  select i."letterId", d.id, d.status, d.user_id, d.email, d.company_id, d.decided_at, i.about,
    d.request_id, i.trace, {{from-now i."leaseMs"}}
  from decided d join input i on i.id = d.id where d.decision is not null
)
select i.ord, true as changed, {{columns d}} from input i join decided d on d.id = i.id
union all
-- Who comes second finds the decision of the first.
select i.ord, false as changed, {{columns b}} from input i join bookings b on b.id = i.id
where b.status <> 'PENDING'
