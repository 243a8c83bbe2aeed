-- Leaves out what a booking owed its customer, and adds to a letter for managers which company it is
-- about, and when that was decided.
select e.id, e.key, e."keyId", e.kind, e."userId", e."orderId", e."bookingId", e.amount,
  l.company_id as "companyId", l.decided_at as "decidedAt"
from {{letters}}
left join lateral (
  select k.* from booking_letters k where k.id = e."keyId" and k.booking_id = e."bookingId"
    and (k.about ->> 'amount')::bigint = e.amount
    and e.key = k.id || ':' || e.kind || ':' || e."userId"
    and e.kind in ('BOOKING_' || k.kind,
      case k.kind when 'PAID' then 'OFFER_BOOKED' else 'OFFER_' || k.kind end)
  offset 0
) l on true
where l.id is null or e.kind like 'OFFER_%' or l.user_id <> e."userId"
