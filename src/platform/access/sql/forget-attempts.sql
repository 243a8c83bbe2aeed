with over as (
  select subject from throttled where ends_at < now()
  order by ends_at limit (select "maxRows" from {{input}}) for update skip locked
)
delete from throttled t using over o where t.subject = o.subject
returning t.subject
