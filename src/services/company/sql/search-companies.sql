with input as (
  select * from {{input}}
),
found as (
  select 'company' as kind, t.id, null::uuid as user_id from input i join companies t on t.id = i.id
)
select f.kind, f.id, f.user_id from found f limit (select "maxItems" from input)
