with input as materialized (
  select * from {{input}}
),
-- The offer first, as everywhere: two statements that lock in one order cannot deadlock. For others
-- than the customer and operators there is no such booking.
target as materialized (
  select o.id from offers o
  where o.id in (
    select b.offer_id from bookings b join input i on i.id = b.id
    where i."isOperator" or b.user_id = i.actor
  )
  order by o.id for update
),
cancelled as (
  update bookings b set status = 'CANCELLING', cancelled_at = date_trunc('milliseconds', now()),
    cancelled_by = case when b.user_id = i.actor then 'CUSTOMER' else 'OPERATOR' end,
    cancel_reason = i.reason, attempts = 0, due_at = {{from-now i."leaseMs"}}
  from input i, target t
  -- The state is compared as an expression: else the partial index of held offers would seem cheaper
  -- than the key while the table is small, and a plan lives long.
  where b.id = i.id and t.id = b.offer_id and b.status || '' = 'PAID'
    and (b.user_id = i.actor or i."isOperator")
    and (i."isOperator" or b.starts_at > now() + i."untilMinutes" * interval '1 minute')
  returning b.*
),
found as (
  select i.ord as place, 'cancelled' as outcome, c.* from input i join cancelled c on c.id = i.id
  union all
  -- A booking can be cancelled once, by whomever: a repeat finds that.
  select i.ord, case
      when b.status in ('CANCELLING', 'CANCELLED') then 'known'
      when b.status in ('PENDING', 'RELEASING') then 'undecided'
      when b.status = 'PAID' then 'too-late'
      else 'final'
    end, b.*
  from input i join bookings b on b.id = i.id and (i."isOperator" or b.user_id = i.actor)
  where not exists (select from cancelled c where c.id = i.id)
),
-- What was in time, and was not cancelled, has just changed out of sight: then no answer, but
-- another run.
answers as (
  select f.* from found f join input i on i.ord = f.place
  where f.outcome <> 'too-late' or not (i."isOperator"
    or f.starts_at > now() + i."untilMinutes" * interval '1 minute')
)
select a.place as ord, a.outcome, {{columns a}} from answers a
union all
select i.ord, 'missing', {{columns b}} from input i left join bookings b on false
where not exists (select from found f where f.place = i.ord)
