with input as materialized (
  select *, "startsAt"::timestamptz(3) as starts, "endsAt"::timestamptz(3) as ends from {{input}}
),
-- A key that is known answers with its offer, whatever became of it since.
known as materialized (
  select i.ord, o.id from input i
  join offers o on o.created_by = i."createdBy" and o.idempotency_key = i."idempotencyKey"
),
fresh as materialized (
  select i.* from input i where not exists (select from known k where k.ord = i.ord)
),
-- What is in the way may be a key that another statement is storing, or an offer of that resource. In
-- one order, so that two statements cannot wait for each other.
inserted as (
  insert into offers (id, company_id, category_id, title, description, price, starts_at, ends_at,
    time_zone, resource, lat, lng, created_by, idempotency_key, request_id)
  select id, "companyId", "categoryId", title, description, price, starts, ends, "timeZone", resource,
    (location ->> 'lat')::float8, (location ->> 'lng')::float8, "createdBy", "idempotencyKey",
    "requestId"
  from fresh where starts > now()
  order by "companyId", resource, starts, id
  on conflict do nothing returning *
),
-- It can be found from the same moment on.
terms as (
  insert into offer_terms (term, starts_at, offer_id, price, lat, lng, marks)
  select t.term, n.starts_at, n.id, n.price, n.lat, n.lng, f.marks::bigint
  from inserted n join fresh f on f.id = n.id
  cross join lateral jsonb_array_elements_text(f.terms) as t (term)
),
-- Why the others were not stored. Null: nothing in sight explains it, so the item runs again.
judged as (
  select f.ord, case
    when f.starts <= now() then 'begun'
    when exists (
      select from offers o where o.company_id = f."companyId" and o.resource = f.resource
        and o.cancelled_at is null
        and tstzrange(o.starts_at, o.ends_at) && tstzrange(f.starts, f.ends)
    ) then 'taken'
  end as outcome
  from fresh f where not exists (select from inserted n where n.id = f.id)
),
found as (
  select k.ord as place, 'known' as what, o.* from known k join offers o on o.id = k.id
  union all
  select f.ord, 'created', n.* from fresh f join inserted n on n.id = f.id
),
answers as (
  select place as ord, what as outcome from found
  union all
  select ord, outcome from judged where outcome is not null
)
select a.ord, a.outcome, {{columns d}} from answers a left join found d on d.place = a.ord
