-- Each letter that is owed for a deposit has that deposit; a letter that is owed no more was sent.
select l.id, l.user_id as "userId", l.amount, l.due_at as "dueAt", l.timeline, p.problem
from page l
left join operations o on o.id = l.id
cross join lateral (
  select case
    when o.id is null then 'there is no such deposit'
    when l.due_at is null and not l.timeline @> '[{"step": "letter", "outcome": "done"}]'
      and jsonb_array_length(l.timeline) < {{full-timeline}}
      then 'nothing is owed any more, and its timeline knows of no letter'
  end as problem
) p
where p.problem is not null and {{changed l}} >= {{since}}
