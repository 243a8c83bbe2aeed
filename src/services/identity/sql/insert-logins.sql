with input as materialized (
  select * from {{input}}
),
-- The user's id is the key: a login that is there is shown as it was made.
known as materialized (
  select i.ord, {{columns l}} from input i join logins l on l.id = i.id
),
-- A name that another user's login has. The user service sees to it that this never happens.
held as materialized (
  select i.ord from input i join logins l on lower(l.username) = lower(i.username) and l.id <> i.id
  where not exists (select from known k where k.ord = i.ord)
),
inserted as (
  insert into logins (id, username, email, locale, password_hash)
  select id, username, email, locale, "passwordHash" from input i
  where not exists (select from known k where k.ord = i.ord)
    and not exists (select from held h where h.ord = i.ord)
  on conflict do nothing returning *
)
select k.ord, true as replayed, {{columns k}} from known k
union all
select i.ord, false, {{columns n}} from input i join inserted n on n.id = i.id
union all
select ord, false, null, null, null, null, null, null, null, null from held
-- Who lost a race for an id or a name is not in here, and runs again.
