-- Letters that are owed belong to a booking; what is owed no more was sent.
select l.id, l.booking_id as "bookingId", l.kind, l.due_at as "dueAt", l.timeline, p.problem
from page l
left join bookings b on b.id = l.booking_id
cross join lateral (
  select case
    when b.id is null then 'there is no such booking'
    when l.due_at is null and not l.timeline @> '[{"step": "letters", "outcome": "done"}]'
      and jsonb_array_length(l.timeline) < {{full-timeline}}
      then 'nothing is owed any more, and its timeline knows of no letters'
  end as problem
) p
where p.problem is not null and {{changed l}} >= {{since}}
