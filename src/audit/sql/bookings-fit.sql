-- A booking agrees with its offer, with the letters that it owes, and with its own timeline.
select b.id, b.offer_id as "offerId", b.user_id as "userId", b.status, b.decision, b.reason, b.price,
  b.due_at as "dueAt", b.timeline, f.status as offer, f.booking_id as "offerOf", l.letters, p.problem
from page b
left join offers f on f.id = b.offer_id
cross join lateral (
  select coalesce(array_agg(kind order by kind), '{}') as letters, max(created_at) as told
  from booking_letters where booking_id = b.id
) l
cross join lateral (select f.booking_id is not distinct from b.id as has) h
cross join lateral (
  select case
    when f.id is null then 'there is no such offer'
    when f.price <> b.price or f.company_id <> b.company_id
      then 'its offer is another one'
    when coalesce(b.decision, 'NONE') <> case
        when b.status in ('PENDING', 'RELEASING') then 'NONE'
        when b.status in ('REFUSED', 'RELEASED') then b.status else 'PAID' end
      then 'its state does not follow from what was decided'
    when (b.status in ('PENDING', 'RELEASING', 'CANCELLING')) <> (b.due_at is not null)
      then 'what it owes and its state do not agree'
    when not case b.status
        when 'PENDING' then h.has and f.status = 'RESERVED'
        when 'PAID' then h.has and f.status = 'PAID'
        when 'COMPLETED' then h.has and f.status = 'COMPLETED'
        when 'RELEASING' then f.status = 'CANCELLED' or (h.has and f.status = 'RESERVED')
        when 'CANCELLING' then f.status = 'CANCELLED' or (h.has and f.status = 'PAID')
        else f.status = 'CANCELLED' or not h.has end
      then 'its offer does not follow it'
    when l.letters <> case b.status
        when 'PENDING' then '{}' when 'RELEASING' then '{}'
        when 'CANCELLED' then '{CANCELLED,PAID}' when 'CANCELLING' then '{PAID}'
        when 'COMPLETED' then '{PAID}' else array[b.status] end
      then 'the letters that it owes are not those of its state'
    when jsonb_array_length(b.timeline) >= {{full-timeline}} then null
    when b.decision = 'PAID' and not b.timeline @> '[{"step": "withdraw", "outcome": "done"}]'
      then 'it is paid, and its timeline knows of no payment'
    when b.status = 'REFUSED' and not b.timeline @> '[{"step": "withdraw", "outcome": "refused"}]'
      then 'it is refused, and its timeline knows of no refusal'
    when b.status in ('CANCELLED', 'RELEASED')
      and not b.timeline @> '[{"step": "refund", "outcome": "done"}]'
      and not b.timeline @> '[{"step": "withdraw", "outcome": "refused"}]'
      then 'its money is back, and its timeline knows of no refund'
  end as problem
) p
where p.problem is not null
  and greatest({{changed b}}, b.decided_at, b.cancelled_at, b.completed_at, l.told) >= {{since}}
