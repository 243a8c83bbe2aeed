with input as (
  select * from {{input}}
),
-- Rows that another worker is claiming at this moment are passed over, so that no two workers get
-- the same row and none waits for another.
due as materialized (
  select id, due_at from {{table}} where due_at <= now()
  order by due_at limit (select "maxRows" from input) for update skip locked
)
update {{table}} t set due_at = {{from-now input."leaseMs"}}, attempts = t.attempts + 1
from due, input where t.id = due.id
returning {{columns t}}, extract(epoch from now() - due.due_at)::float8 as late_seconds
