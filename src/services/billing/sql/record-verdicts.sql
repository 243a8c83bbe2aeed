with input as (
  select * from {{input}}
)
insert into books_verdicts (id, started_at, since, duration_ms, rows, violations, by_invariant, first)
select id, "startedAt"::timestamptz, since::timestamptz, "durationMs", rows, violations,
  "byInvariant", first
from input on conflict do nothing
returning 0 as ord, id
