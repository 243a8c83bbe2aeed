with input as materialized (
  select * from {{input}}
),
-- A key that is known answers with its change, whatever its sender may do by now: they were told it.
-- Lateral, with its offset, makes Postgres look each key up by its index, also while the table is so
-- small that it would rather read it whole.
known as materialized (
  select i.ord, v.id from input i join lateral (
    select k.id from company_versions k where k.company_id = i."companyId" and k.actor = i.actor
      and k.idempotency_key = i."idempotencyKey" and k.version > 1 offset 0
  ) v on true
),
fresh as materialized (
  select i.* from input i where not exists (select from known k where k.ord = i.ord)
),
-- The company as this statement sees it, and whether the sender may change it.
seen as materialized (
  select f.ord, c.id, c.version, f."isOperator" or m.id is not null as is_allowed
  from fresh f join companies c on c.id = f."companyId"
  left join lateral (
    select a.id from memberships a where a.company_id = c.id and a.user_id = f.actor
      and a.left_at is null and a.role = 'ADMIN' offset 0
  ) m on true
),
-- The same company once it is locked, which may be later. All locks are taken in one order: two
-- statements cannot deadlock. Strangers lock nothing.
locked as materialized (
  select * from companies where id in (select id from seen where is_allowed)
  order by id for no key update
),
-- A version that moved means that the company or its members were changed: then items run again.
target as materialized (
  select s.ord, l.* from seen s join locked l on l.id = s.id and l.version = s.version
),
-- What is left out of the payload stays as it was.
stored as (
  insert into company_versions (id, company_id, version, actor, idempotency_key, payload, name,
    description, address, phone, lat, lng, active, request_id)
  select f.id, t.id, t.version + 1, f.actor, f."idempotencyKey", f.payload,
    case when f.payload ? 'name' then f.payload ->> 'name' else t.name end,
    case when f.payload ? 'description' then f.payload ->> 'description' else t.description end,
    case when f.payload ? 'address' then f.payload ->> 'address' else t.address end,
    case when f.payload ? 'phone' then f.payload ->> 'phone' else t.phone end,
    case when f.payload ? 'location'
      then (f.payload #>> '{location,lat}')::double precision else t.lat end,
    case when f.payload ? 'location'
      then (f.payload #>> '{location,lng}')::double precision else t.lng end,
    case when f.payload ? 'active' then (f.payload ->> 'active')::boolean else t.active end,
    f."requestId"
  from fresh f join target t on t.ord = f.ord
  on conflict do nothing returning *
),
changed as (
  update companies c set name = s.name, description = s.description, address = s.address,
    phone = s.phone, lat = s.lat, lng = s.lng, active = s.active, version = s.version
  from stored s where c.id = s.company_id
),
found as (
  select k.ord as spot, 'known' as what, v.* from known k join company_versions v on v.id = k.id
  union all
  select f.ord, 'done', s.* from fresh f join stored s on s.id = f.id
),
answers as (
  select spot as ord, what as outcome from found
  union all
  select f.ord, case when s.id is null then 'missing' else 'forbidden' end
  from fresh f left join seen s on s.ord = f.ord where s.is_allowed is not true
)
select a.ord, a.outcome, c.created_at as company_created_at, {{columns d}}
from answers a left join found d on d.spot = a.ord left join companies c on c.id = d.company_id
