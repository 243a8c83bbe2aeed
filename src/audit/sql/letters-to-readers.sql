-- A letter to the customer, and one to each who managed the company when it was decided.
select e.id, e.id || ':' || r.kind || ':' || r."userId" as key, r."userId", r.email, r.kind,
  null as "orderId", e."bookingId", e.amount
from json_to_recordset($1::text::json) as e(id uuid, "bookingId" uuid, kind text, "userId" uuid,
  email text, "companyId" uuid, "decidedAt" timestamptz, amount bigint)
cross join lateral (
  select 'BOOKING_' || e.kind as kind, e."userId", e.email where e.email is not null
  union all
  select case e.kind when 'PAID' then 'OFFER_BOOKED' else 'OFFER_' || e.kind end, m.user_id, m.email
  from memberships m where m.company_id = e."companyId" and m.joined_at <= e."decidedAt"
    and coalesce(m.left_at, 'infinity') > e."decidedAt"
) r
