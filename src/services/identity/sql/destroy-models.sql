with input as materialized (
  select * from {{input}}
),
destroyed as (
  delete from oidc_models m using input i
  where (m.model = i.model and m.id = i.id) or (m.model = i.model and m.grant_id = i."grantId")
  returning m.id
)
select i.ord, (select count(*) from destroyed)::int as destroyed from input i
