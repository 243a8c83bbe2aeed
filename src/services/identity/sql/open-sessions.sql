with input as materialized (
  select * from {{input}}
),
opened as (
  insert into sessions (id, login_id, secret_hash, expires_at)
  select id, "loginId", "secretHash", {{from-now "lifetimeMs"}} from input
  returning *
)
select i.ord, o.id, o.expires_at from input i join opened o on o.id = i.id
