with input as materialized (
  select * from {{input}}
),
known as materialized (
  select k.* from signing_keys k where k.jwk is not null
),
-- As long as there is one of these, nobody needs another key.
young as materialized (
  select from known k, input i
  where k.retires_at is null and not i.forced
    and k.signs_from + i."lifetimeMs" * interval '1 millisecond' > {{from-now i."leadMs"}}
),
present as materialized (
  select kid from known where signs_from <= now() order by generation desc limit 1
),
-- The first key signs at once. Each later one is published first, so that everybody knows it when it
-- signs. Of two replicas that come at the same time one takes the generation; the other makes none.
made as (
  insert into signing_keys (kid, generation, jwk, signs_from)
  select i.kid, (select coalesce(max(generation), 0) + 1 from signing_keys), i.jwk,
    case when exists (select from present) then {{from-now i."leadMs"}} else now() end
  from input i where not exists (select from young)
  on conflict do nothing
  returning kid, generation, signs_from
),
-- The keys before it stay until the last token that they signed is over.
retired as (
  update signing_keys k set retires_at = m.signs_from + i."graceMs" * interval '1 millisecond'
  from made m, input i
  where k.jwk is not null and k.generation < m.generation
    and (k.retires_at is null or k.kid = (select kid from present))
  returning k.kid
)
select kid from made
