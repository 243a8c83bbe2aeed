with input as materialized (
  select * from {{input}}
),
destroyed as (
  delete from oidc_models m using input i
  where (m.model = i.model and m.id = i.id) or (m.model = i.model and m.grant_id = i."grantId")
)
-- That it is gone is the answer, whoever deleted it: of callers who come together each gets the same.
select ord from input
