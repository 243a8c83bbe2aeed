with input as materialized (
  select * from {{input}}
),
known as materialized (
  select i.ord, n.id from input i join category_names n on n.category_id = i."categoryId"
    and n.actor = i.actor and n.idempotency_key = i."idempotencyKey" and not n.is_first
),
fresh as materialized (
  select i.* from input i where not exists (select from known k where k.ord = i.ord)
),
-- Two with one key conflict here, and the second runs again.
named as (
  insert into category_names (id, category_id, is_first, name, actor, idempotency_key, request_id)
  select f.id, c.id, false, f.name, f.actor, f."idempotencyKey", f."requestId"
  from fresh f join categories c on c.id = f."categoryId"
  on conflict do nothing returning *
),
changed as (
  update categories c set name = n.name from named n where c.id = n.category_id
),
found as (
  select k.ord as spot, 'known' as what, n.* from known k join category_names n on n.id = k.id
  union all
  select f.ord, 'done', n.* from fresh f join named n on n.id = f.id
),
answers as (
  select spot as ord, what as outcome from found
  union all
  select f.ord, 'missing' from fresh f
  where not exists (select from categories c where c.id = f."categoryId")
)
select a.ord, a.outcome, c.parent_id, {{columns d}}
from answers a left join found d on d.spot = a.ord left join categories c on c.id = d.category_id
