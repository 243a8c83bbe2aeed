with input as materialized (
  select * from {{input}}
),
-- The first version holds the key. A key that is known stores nothing of all this.
begun as (
  insert into company_versions (id, company_id, version, actor, idempotency_key, payload, name,
    description, address, phone, lat, lng, active, request_id)
  select "versionId", id, 1, actor, "idempotencyKey", payload, payload ->> 'name',
    payload ->> 'description', payload ->> 'address', payload ->> 'phone',
    (payload #>> '{location,lat}')::double precision,
    (payload #>> '{location,lng}')::double precision, true, "requestId"
  from input on conflict do nothing returning *
),
opened as (
  insert into companies (id, name, description, address, phone, lat, lng, active, version)
  select company_id, name, description, address, phone, lat, lng, active, version from begun
),
-- A company has an ADMIN from its first moment on.
joined as (
  insert into memberships (id, company_id, user_id, role, name, email, locale, added_by, request_id)
  select i."membershipId", b.company_id, b.actor, 'ADMIN', i."memberName", i.email, i.locale,
    b.actor, b.request_id
  from input i join begun b on b.id = i."versionId"
)
select i.ord, false as replayed, b.created_at as company_created_at, {{columns b}}
from input i join begun b on b.id = i."versionId"
union all
-- A key that is known answers with its company. An item without a row lost a race and runs again.
select i.ord, true, v.created_at, {{columns v}}
from input i
-- Lateral, with its offset, makes Postgres look each key up by its index, also while the table is so
-- small that it would rather read it whole.
join lateral (
  select {{columns k}} from company_versions k where k.actor = i.actor
    and k.idempotency_key = i."idempotencyKey" and k.version = 1 offset 0
) v on true
where not exists (select from begun b where b.id = i."versionId")
