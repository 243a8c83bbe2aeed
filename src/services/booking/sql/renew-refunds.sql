with input as (
  select * from {{input}}
),
-- Billing has refused the refund for good under its key: the next attempt needs another one.
renewed as (
  update bookings b set refund_id = i."nextRefundId", due_at = {{from-now i."delayMs"}},
    timeline = {{appended b.timeline i.entry}}
  from input i
  where b.id = i.id and b.refund_id = i."refundId" and b.status in ('RELEASING', 'CANCELLING')
  returning b.id
)
-- A row that somebody else renewed or finished is left alone, which is an answer as well.
select i.ord, r.id is not null as renewed from input i left join renewed r on r.id = i.id
