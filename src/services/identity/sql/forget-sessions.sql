with over as (
  select id from sessions where expires_at < now()
  order by expires_at limit (select "maxRows" from {{input}}) for update skip locked
)
delete from sessions s using over o where s.id = o.id
returning s.id
