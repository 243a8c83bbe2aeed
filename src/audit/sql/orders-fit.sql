-- An order agrees with its changes and with its own timeline. A timeline that is full has lost an
-- entry, so it denies nothing.
select o.id, o.user_id as "userId", o.status, o.decision, o.reason, o.price,
  o.present_price as "presentPrice", o.decided_at as "decidedAt", o.due_at as "dueAt", o.timeline,
  c.*, p.problem
from page o
cross join lateral (
  select count(*) as changes, count(*) filter (where kind = 'CANCEL' and status = 'DONE') as cancels,
    coalesce(sum(to_price - from_price) filter (where kind = 'REPRICE' and status = 'DONE'), 0)
      as raised,
    sum(from_price) filter (where kind = 'CANCEL' and status = 'DONE') as "givenBack",
    max(greatest(created_at, decided_at)) as changed
  from order_changes where order_id = o.id
) c
cross join lateral (
  select case
    when coalesce(o.decision, 'PENDING') <> case o.status
        when 'CANCELLED' then 'APPROVED' else o.status end
      then 'its state does not follow from what was decided'
    when (o.decision is null) <> (o.decided_at is null) then 'nobody knows when it was decided'
    when o.status = 'PENDING' and o.due_at is null then 'it is undecided, and nobody will decide it'
    when o.status in ('PENDING', 'REJECTED') and c.changes > 0 then 'it was changed before it was paid'
    when c.cancels <> case o.status when 'CANCELLED' then 1 else 0 end
      then 'its cancellation and its state do not agree'
    when o.present_price <> o.price + c.raised then 'its changes do not lead to its price'
    when c."givenBack" <> o.present_price then 'its cancellation was about another price'
    when jsonb_array_length(o.timeline) >= {{full-timeline}} then null
    when o.decision = 'APPROVED' and not o.timeline @> '[{"step": "withdraw", "outcome": "done"}]'
      then 'it is paid, and its timeline knows of no payment'
    when o.decision = 'REJECTED'
      and not o.timeline @> '[{"step": "withdraw", "outcome": "refused"}]'
      and not o.timeline @> '[{"step": "ask-user", "outcome": "refused"}]'
      then 'it is rejected, and its timeline knows of no refusal'
    when o.decision is null and (o.timeline @> '[{"step": "withdraw", "outcome": "done"}]'
      or o.timeline @> '[{"step": "withdraw", "outcome": "refused"}]')
      then 'it is undecided, and its timeline knows of an answer'
    when o.decision is not null and o.email is not null
      and o.due_at is null and not o.timeline @> '[{"step": "letter", "outcome": "done"}]'
      then 'nothing is owed any more, and its timeline knows of no letter'
  end as problem
) p
where p.problem is not null and greatest({{changed o}}, o.decided_at, c.changed) >= {{since}}
