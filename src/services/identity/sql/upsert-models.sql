with input as materialized (
  select * from {{input}}
),
stored as (
  insert into oidc_models (model, id, payload, uid, grant_id, expires_at)
  select model, id, payload, uid, "grantId", {{from-now "lifetimeMs"}} from input
  on conflict (model, id) do update set payload = excluded.payload, uid = excluded.uid,
    grant_id = excluded.grant_id, expires_at = excluded.expires_at
  returning model, id
)
select i.ord, s.id from input i join stored s on s.model = i.model and s.id = i.id
