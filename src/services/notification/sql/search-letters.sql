with input as (
  select * from {{input}}
),
found as (
  (select 'letter' as kind, t.id as id, t.user_id as user_id
    from input i join letters t on t.id = i.id limit (select "maxItems" from input))
  union all
  (select 'letter', t.id, t.user_id from input i join letters t on t.key = i.sought
    limit (select "maxItems" from input))
  union all
  (select 'letter', t.id, t.user_id from input i join letters t on t.order_id = i.id
    limit (select "maxItems" from input))
  union all
  (select 'letter', t.id, t.user_id from input i join letters t on t.booking_id = i.id
    limit (select "maxItems" from input))
)
select distinct f.kind, f.id, f.user_id from found f limit (select "maxItems" from input)
