-- An offer belongs to one booking at most, and is in the state that goes with that booking.
select f.id, f.status, f.booking_id as "bookingId", h.holders, p.problem
from page f
left join bookings b on b.id = f.booking_id
cross join lateral (
  select count(*) as count, coalesce(array_agg(k.id || ' ' || k.status order by k.id), '{}') as holders
  from bookings k where k.offer_id = f.id
    and k.status in ('PENDING', 'PAID', 'RELEASING', 'CANCELLING', 'COMPLETED')
) h
cross join lateral (
  select case
    when h.count > 1 then 'several bookings have it'
    when f.booking_id is not null and b.offer_id is distinct from f.id
      then 'the booking that has it is not about it'
    when f.status = 'OPEN' and h.count > 0 then 'it is open, and a booking has it'
    when f.status not in ('OPEN', 'CANCELLED') and coalesce(b.status, 'NONE') <> all (case f.status
        when 'RESERVED' then array['PENDING', 'RELEASING']
        when 'PAID' then array['PAID', 'CANCELLING'] else array['COMPLETED'] end)
      then 'its state is not that of its booking'
  end as problem
) p
where p.problem is not null
