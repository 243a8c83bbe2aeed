with input as (
  select * from {{input}}
),
-- The offer first, as everywhere: two statements that lock in one order cannot deadlock.
target as materialized (
  select o.id from offers o
  where o.id in (select b.offer_id from bookings b join input i on i.id = b.id)
  order by o.id for update
),
-- Billing has refused the refund for good under its key: the next attempt needs another one.
renewed as (
  update bookings b set refund_id = i."nextRefundId", due_at = {{from-now i."delayMs"}},
    timeline = {{appended b.timeline i.entry}}
  from input i, target t
  -- As one condition on both: else a whole index would seem cheaper than the key while the table is
  -- small, and a plan lives long.
  where b.id = i.id and t.id = b.offer_id and (
    b.refund_id = i."refundId" and b.status in ('RELEASING', 'CANCELLING')
  ) is true
  returning b.id
)
-- A row that somebody else renewed or finished is left alone, which is an answer as well.
select i.ord, r.id is not null as renewed from input i left join renewed r on r.id = i.id
