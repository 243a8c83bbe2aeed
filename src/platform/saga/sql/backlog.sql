with input as (
  select * from {{input}}
),
-- By the partial index of what is due, which holds the open rows only: so the size of the table does
-- not matter. The order makes it cheap to stop after so many.
open as (
  select {{state}} as state, {{undecided-since}} as undecided_since,
    {{letter-owed-since}} as letter_owed_since, t.due_at
  from {{table}} t where t.due_at > '-infinity'
  order by t.due_at limit (select "maxItems" from input)
)
select o.state, count(*)::int as open_rows,
  extract(epoch from now() - min(o.undecided_since))::float8 as undecided_seconds,
  extract(epoch from now() - min(o.letter_owed_since))::float8 as letter_seconds,
  extract(epoch from now() - min(o.due_at))::float8 as overdue_seconds
from open o group by o.state
