with over as (
  select model, id from oidc_models where expires_at < now()
  order by expires_at limit (select "maxRows" from {{input}}) for update skip locked
)
delete from oidc_models m using over o where m.model = o.model and m.id = o.id
returning m.id
