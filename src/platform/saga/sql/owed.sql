with input as (
  select * from {{input}}
),
-- By the partial index, which holds only rows that owe something, and never more than so many of
-- them: during an outage everything may owe something.
owing as materialized (
  select t.* from {{table}} t where t.due_at > '-infinity' order by t.due_at
  limit (select "maxRead" from input)
)
select {{columns o}}, (select count(*) = input."maxRead" from owing, input group by input."maxRead")
  as is_cut
from owing o, input i where (o.created_at, o.id) > (i."afterAt"::timestamptz, i."afterId")
order by o.created_at, o.id
limit (select "maxItems" from input)
