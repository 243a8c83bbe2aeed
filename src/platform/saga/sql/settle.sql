with input as (
  select * from {{input}}
),
-- Nothing is owed from here on, unless somebody else came first: then the row is left alone.
settled as (
  update {{table}} t set due_at = null, timeline = {{appended t.timeline i.entry}}
  from input i where t.id = i.id and t.due_at is not null returning t.id
)
-- A row that was left alone is an answer as well: no answer would mean to run again.
select i.ord, s.id is not null as settled from input i left join settled s on s.id = i.id
