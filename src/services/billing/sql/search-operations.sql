with input as (
  select * from {{input}}
),
-- A request and its row are of one moment: the first that fits is the one.
found as (
  (select 'account' as kind, t.user_id as id, t.user_id as user_id
    from input i join accounts t on t.user_id = i.id limit (select "maxItems" from input))
  union all
  (select 'operation' as kind, t.id as id, t.user_id as user_id
    from input i join operations t on t.id = i.id limit (select "maxItems" from input))
  union all
  (select 'operation', t.id, t.user_id from input i join operations t on t.key = i.sought
    limit (select "maxItems" from input))
  union all
  (select 'operation', t.id, t.user_id from input i join operations t on t.key = 'saga:' || i.id
    limit (select "maxItems" from input))
  union all
  (select 'operation', w.id, w.user_id from input i join (
      select t.id, t.user_id, t.request_id from operations t
      where t.id >= (select "fromId" from input) and t.id < (select "toId" from input)
      order by t.id limit (select "maxRead" from input)
    ) w on w.request_id = i.sought limit 1)
)
select distinct f.kind, f.id, f.user_id from found f limit (select "maxItems" from input)
