-- Which of these letters were never written, or say something else.
select e.*, l.found,
  case when l.found is null then 'the letter was never written' else 'the letter is another one' end
    as problem
from json_to_recordset($1::text::json) as e(id uuid, key text, "userId" uuid, email text, kind text,
  "orderId" uuid, "bookingId" uuid, amount bigint)
left join lateral (
  select jsonb_build_object('id', w.id, 'kind', w.kind, 'userId', w.user_id, 'orderId', w.order_id,
      'bookingId', w.booking_id, 'amount', w.amount) as found,
    (w.kind, w.user_id, w.email, w.amount) is distinct from (e.kind, e."userId", e.email, e.amount)
      or (w.order_id, w.booking_id) is distinct from (e."orderId", e."bookingId") as differs
  from letters w where w.key = e.key offset 0
) l on true
where l.found is null or l.differs
