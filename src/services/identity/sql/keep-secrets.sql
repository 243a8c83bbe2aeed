-- Who comes second gets what the first one has made.
with input as materialized (
  select * from {{input}}
),
kept as (
  insert into secrets (name, value) select name, value from input
  on conflict do nothing returning name, value
)
select i.ord, coalesce(k.value, s.value) as value
from input i left join kept k on k.name = i.name left join secrets s on s.name = i.name
where k.name is not null or s.name is not null
