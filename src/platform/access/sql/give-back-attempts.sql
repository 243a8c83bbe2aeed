with input as materialized (
  select * from {{input}}
),
-- In the window in which it was taken: the next one knows nothing of it.
given_back as (
  update throttled t set attempts = t.attempts - 1
  from input i
  where t.subject = i.subject and t.ends_at = i."takenUntil"::timestamptz and t.attempts > 0
  returning t.subject
)
select subject from given_back
