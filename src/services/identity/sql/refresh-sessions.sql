with input as materialized (
  select * from {{input}}
),
-- The present token serves and is replaced. Any other one ends the session: it was used before, so
-- two have it. Postgres decides on the row as it is when this statement holds it, so of two that
-- bring the same token at once exactly one is served.
used as (
  update sessions s set
    secret_hash = case when s.secret_hash = i.presented then i.next else s.secret_hash end,
    used_at = case when s.secret_hash = i.presented then now() else s.used_at end,
    ended_at = case when s.secret_hash = i.presented then null else now() end,
    ending = case when s.secret_hash = i.presented then null else 'TOKEN_REUSED' end
  from input i
  where s.id = i.id and s.ended_at is null and s.expires_at > now()
  returning i.ord, s.login_id, s.ended_at
)
select i.ord, u.ended_at is not null as reused, {{columns l}}
from input i left join used u on u.ord = i.ord
left join logins l on l.id = u.login_id and u.ended_at is null
