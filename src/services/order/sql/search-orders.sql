with input as (
  select * from {{input}}
),
-- A request and its row are of one moment: the first that fits is the one.
found as (
  (select 'order' as kind, t.id as id, t.user_id as user_id
    from input i join orders t on t.id = i.id limit (select "maxItems" from input))
  union all
  (select 'change' as kind, t.id as id, t.user_id as user_id
    from input i join order_changes t on t.id = i.id limit (select "maxItems" from input))
  union all
  (select 'order', t.id, t.user_id from input i join orders t on t.idempotency_key = i.sought
    limit (select "maxItems" from input))
  union all
  (select 'change', t.id, t.user_id from input i join order_changes t on t.idempotency_key = i.sought
    limit (select "maxItems" from input))
  union all
  (select 'order', w.id, w.user_id from input i join (
      select t.id, t.user_id, t.request_id from orders t
      where t.id >= (select "fromId" from input) and t.id < (select "toId" from input)
      order by t.id limit (select "maxRead" from input)
    ) w on w.request_id = i.sought limit 1)
  union all
  (select 'change', w.id, w.user_id from input i join (
      select t.id, t.user_id, t.request_id from order_changes t
      where t.id >= (select "fromId" from input) and t.id < (select "toId" from input)
      order by t.id limit (select "maxRead" from input)
    ) w on w.request_id = i.sought limit 1)
)
select distinct f.kind, f.id, f.user_id from found f limit (select "maxItems" from input)
