with input as materialized (
  select * from {{input}}
),
-- The id is enough: whoever comes with another secret would end the session by using it, too.
ended as (
  update sessions s set ended_at = now(), ending = 'SIGNED_OUT'
  from input i where s.id = i.id and s.ended_at is null
  returning i.ord
)
select i.ord, e.ord is not null as ended from input i left join ended e on e.ord = i.ord
