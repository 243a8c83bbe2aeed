with input as (
  select * from {{input}}
),
-- One letter for each key, for ever: a letter whose key is known is not written again.
inserted as (
  insert into letters (id, key, user_id, email, kind, order_id, booking_id, title, starts_at,
    time_zone, cancelled_by, because, amount, subject, body)
  select id, key, "userId", email, kind, "orderId", "bookingId", title, "startsAt"::timestamptz,
    "timeZone", "cancelledBy", because, amount, subject, body from input
  on conflict (key) do nothing returning *
)
select i.ord, false as replayed, {{columns l}} from input i join inserted l on l.id = i.id
union all
-- A key that is known answers with its letter, whatever was sent with it now.
select i.ord, true as replayed, {{columns l}} from input i join letters l on l.key = i.key
where not exists (select from inserted n where n.id = i.id)
