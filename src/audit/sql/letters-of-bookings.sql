-- The decisions whose letters are written by now. Who else gets one is known to company.
select l.id, l.booking_id as "bookingId", l.kind, l.user_id as "userId", l.email,
  l.company_id as "companyId", l.decided_at as "decidedAt", (l.about ->> 'amount')::bigint as amount
from page l
where l.due_at is null and {{changed l}} >= {{since}}
