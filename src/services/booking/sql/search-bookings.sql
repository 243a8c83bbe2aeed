with input as (
  select * from {{input}}
),
-- A request and its row are of one moment: the first that fits is the one.
found as (
  (select 'booking' as kind, t.id as id, t.user_id as user_id
    from input i join bookings t on t.id = i.id limit (select "maxItems" from input))
  union all
  (select 'offer' as kind, t.id as id, t.created_by as user_id
    from input i join offers t on t.id = i.id limit (select "maxItems" from input))
  union all
  (select 'booking-letter' as kind, t.id as id, t.user_id as user_id
    from input i join booking_letters t on t.id = i.id limit (select "maxItems" from input))
  union all
  (select 'booking', t.id, t.user_id from input i join bookings t on t.idempotency_key = i.sought
    limit (select "maxItems" from input))
  union all
  (select 'offer', t.id, t.created_by from input i join offers t on t.idempotency_key = i.sought
    limit (select "maxItems" from input))
  union all
  (select 'booking', w.id, w.user_id from input i join (
      select t.id, t.user_id, t.request_id from bookings t
      where t.id >= (select "fromId" from input) and t.id < (select "toId" from input)
      order by t.id limit (select "maxRead" from input)
    ) w on w.request_id = i.sought limit 1)
  union all
  (select 'offer', w.id, w.created_by from input i join (
      select t.id, t.created_by, t.request_id from offers t
      where t.id >= (select "fromId" from input) and t.id < (select "toId" from input)
      order by t.id limit (select "maxRead" from input)
    ) w on w.request_id = i.sought limit 1)
)
select distinct f.kind, f.id, f.user_id from found f limit (select "maxItems" from input)
