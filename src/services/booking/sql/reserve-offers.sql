with input as materialized (
  select * from {{input}}
),
-- The offers, locked in one order so that two statements cannot deadlock.
target as materialized (
  select o.id, o.status, o.booking_id, o.company_id, o.title, o.price, o.starts_at, o.ends_at,
    o.time_zone
  from offers o where o.id in (select i."offerId" from input i)
  order by o.id for update
),
-- Those who come together for one offer get what they would have got one after the other: the first
-- gets it.
first as materialized (
  select distinct on (t.id) i.*, t.company_id, t.title, t.price, t.starts_at, t.ends_at, t.time_zone
  from input i join target t on t.id = i."offerId"
  where t.status = 'OPEN' and t.starts_at > now()
  order by t.id, i.ord
),
-- The booking is stored, with its lease, before any money moves. A key that is known stores nothing.
inserted as (
  insert into bookings (id, refund_id, offer_id, user_id, company_id, title, price, starts_at,
    ends_at, time_zone, idempotency_key, hold_until, request_id, trace, due_at)
  select f.id, f."refundId", f."offerId", f."userId", f.company_id, f.title, f.price, f.starts_at,
    f.ends_at, f.time_zone, f."idempotencyKey", {{from-now f."holdMs"}}, f."requestId",
    f.trace, {{from-now f."leaseMs"}}
  from first f on conflict do nothing returning *
),
-- The offer is held in the same step: nobody sees one without the other.
held as (
  update offers o set status = 'RESERVED', booking_id = n.id from inserted n where o.id = n.offer_id
),
others as materialized (
  select i.* from input i where not exists (select from inserted n where n.id = i.id)
),
-- A key that is known answers with its booking, whatever became of the offer since.
known as materialized (
  select i.ord, b.id from others i
  -- Lateral, with its offset, makes Postgres look each key up, also while the table is so small that
  -- it would rather read it whole.
  cross join lateral (
    select k.id from bookings k
    where k.user_id = i."userId" and k.idempotency_key = i."idempotencyKey" offset 0
  ) b
),
-- Why the rest have none. Null: nothing in sight explains it, so the item runs again.
judged as (
  select i.ord, case
    when t.id is null then 'missing'
    -- An offer that changed while this statement waited for its lock may have been changed by a booking
    -- out of sight, perhaps the very one that is asked for: then no answer, but another run.
    when not exists (
      select from offers o where o.id = t.id and o.status = t.status
        and o.booking_id is not distinct from t.booking_id
    ) then null
    when t.status in ('COMPLETED', 'CANCELLED') or t.starts_at <= now() then 'closed'
    when t.booking_id is not null or exists (select from inserted n where n.offer_id = t.id)
      then 'taken'
  end as outcome
  from others i left join target t on t.id = i."offerId"
  where not exists (select from known k where k.ord = i.ord)
),
found as (
  select i.ord as place, 'reserved' as what, n.* from input i join inserted n on n.id = i.id
  union all
  select k.ord, 'known', b.* from known k join bookings b on b.id = k.id
)
select f.place as ord, f.what as outcome, {{columns f}} from found f
union all
select j.ord, j.outcome, {{columns b}} from judged j left join bookings b on false
where j.outcome is not null
