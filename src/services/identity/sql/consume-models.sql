with input as materialized (
  select * from {{input}}
),
-- Of two that come at once, one finds that it is consumed.
consumed as (
  update oidc_models m set consumed_at = now() from input i
  where m.model = i.model and m.id = i.id and m.consumed_at is null
  returning i.ord
)
select i.ord, c.ord is not null as consumed from input i left join consumed c on c.ord = i.ord
