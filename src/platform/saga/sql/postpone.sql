with input as (
  select * from {{input}}
),
-- A row that somebody else finished meanwhile owes nothing any more, so it is left alone.
postponed as (
  update {{table}} t
  set due_at = {{from-now i."delayMs"}}, timeline = {{appended t.timeline i.entry}}
  from input i where t.id = i.id and t.due_at is not null returning t.id
)
-- A row that was left alone is an answer as well: no answer would mean to run again.
select i.ord, p.id is not null as postponed from input i left join postponed p on p.id = i.id
