with input as materialized (
  select * from {{input}}
),
-- Somebody wants it gone now, or its time is over.
gone as (
  update signing_keys k set jwk = null, retires_at = least(k.retires_at, now())
  from input i
  where k.jwk is not null and (k.kid = i.kid or (i.kid is null and k.retires_at <= now()))
  returning k.kid
),
lasting as materialized (
  select k.kid, k.generation, k.signs_from from signing_keys k
  where k.jwk is not null and k.retires_at is null and k.kid not in (select kid from gone)
),
-- When the key that signs now is removed, the next one signs at once, or a new one if there is none.
-- Services learn of it when they first meet it.
hurried as (
  update signing_keys k set signs_from = now()
  where k.kid = (select kid from lasting order by generation desc limit 1)
    and exists (select from gone) and not exists (select from lasting where signs_from <= now())
  returning k.kid
),
made as (
  insert into signing_keys (kid, generation, jwk, signs_from)
  select i."nextKid", (select max(generation) + 1 from signing_keys), i."nextJwk", now()
  from input i where exists (select from gone) and not exists (select from lasting)
  on conflict do nothing
  returning kid
)
select kid from gone
