with input as materialized (
  select * from {{input}}
),
changed as (
  update logins l set new_password_hash = i."passwordHash" from input i
  where lower(l.username) = lower(i.username)
  returning l.id, l.username
),
-- Whoever knew the password before may have signed in by it: nothing of that goes on.
ended as (
  update sessions s set ended_at = now(), ending = 'NEW_PASSWORD' from changed c
  where s.login_id = c.id and s.ended_at is null
),
forgotten as (
  delete from oidc_models m using changed c
  where coalesce(m.payload ->> 'accountId', m.payload -> 'result' -> 'login' ->> 'accountId')
    = c.id::text
)
select id, username from changed
