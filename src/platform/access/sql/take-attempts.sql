with input as materialized (
  select * from {{input}}
),
-- When one of the subjects has used up its attempts, the others keep theirs.
full_ones as materialized (
  select t.ends_at from input i join throttled t on t.subject = i.subject
  where t.attempts >= i."maxAttempts" and t.ends_at > now()
),
-- The attempt is counted before anybody knows how it ends: else those that run at the same moment
-- would all pass. Rows are taken in one order, so that two statements cannot wait for each other.
taken as (
  insert into throttled as t (subject, attempts, ends_at)
  select subject, 1, {{from-now "windowMs"}} from input
  where not exists (select from full_ones) order by subject
  on conflict (subject) do update set
    attempts = case when t.ends_at > now() then t.attempts + 1 else 1 end,
    ends_at = case when t.ends_at > now() then t.ends_at else excluded.ends_at end
  where t.ends_at <= now()
    or t.attempts < (select i."maxAttempts" from input i where i.subject = t.subject)
  returning t.subject, t.ends_at
)
select i.subject, t.ends_at as taken_until, coalesce(
    extract(epoch from (select max(f.ends_at) from full_ones f) - now()) * 1000, i."windowMs"
  )::int as wait_ms
from input i left join taken t on t.subject = i.subject
