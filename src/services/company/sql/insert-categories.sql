with input as materialized (
  select * from {{input}}
),
known as materialized (
  select i.ord, n.id from input i join category_names n on n.actor = i.actor
    and n.idempotency_key = i."idempotencyKey" and n.is_first
),
-- The next place in the tree. Two that take it at once conflict, and the second runs again.
judged as materialized (
  select i.*, t.place, coalesce(p.depth, 0) + 1 as depth, case
    when i."parentId" is not null and p.id is null then 'missing'
    when p.depth >= i."maxDepth" or t.place > i."maxCategories" then 'full'
  end as refusal
  from input i left join categories p on p.id = i."parentId"
  cross join (
    select coalesce((
      select place from categories where place >= 1 order by place desc limit 1
    ), 0) + 1 as place
  ) t
  where not exists (select from known k where k.ord = i.ord)
),
-- The first name holds the key. A key that is known stores nothing of all this.
named as (
  insert into category_names (id, category_id, is_first, name, actor, idempotency_key, request_id)
  select "nameId", id, true, name, actor, "idempotencyKey", "requestId"
  from judged where refusal is null on conflict do nothing returning *
),
added as (
  insert into categories (id, place, name, parent_id, depth)
  select j.id, j.place, j.name, j."parentId", j.depth
  from judged j join named n on n.id = j."nameId"
),
found as (
  select k.ord as spot, 'known' as what, c.parent_id, n.*
  from known k join category_names n on n.id = k.id join categories c on c.id = n.category_id
  union all
  select j.ord, 'done', j."parentId", n.* from judged j join named n on n.id = j."nameId"
),
answers as (
  select spot as ord, what as outcome from found
  union all
  select ord, refusal from judged where refusal is not null
)
select a.ord, a.outcome, d.parent_id, {{columns d}}
from answers a left join found d on d.spot = a.ord
