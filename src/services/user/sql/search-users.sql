with input as (
  select * from {{input}}
),
-- A request and its row are of one moment: the first that fits is the one.
found as (
  (select 'user' as kind, t.id, t.id as user_id from input i join users t on t.id = i.id
    where t.account <> 'REFUSED' limit (select "maxItems" from input))
  union all
  (select 'user', t.id, t.id from input i join users t on lower(t.username) = lower(i.sought)
    and t.account <> 'REFUSED'
    limit (select "maxItems" from input))
  union all
  (select 'user', t.id, t.id from input i join users t on lower(t.email) = lower(i.sought)
    and t.account <> 'REFUSED'
    limit (select "maxItems" from input))
  union all
  (select 'user', t.id, t.id from input i join users t on t.idempotency_key = i.sought
    and t.account <> 'REFUSED'
    limit (select "maxItems" from input))
  union all
  (select 'user', w.id, w.id from input i join (
      select t.id, t.account, t.request_id from users t
      where t.id >= (select "fromId" from input) and t.id < (select "toId" from input)
      order by t.id limit (select "maxRead" from input)
    ) w on w.request_id = i.sought and w.account <> 'REFUSED' limit 1)
)
select distinct f.kind, f.id, f.user_id from found f limit (select "maxItems" from input)
