with input as (
  select *, coalesce(to_timestamp("fromMs" / 1000.0)::timestamptz(3), now()) as since,
    coalesce("to"::timestamptz, 'infinity') as until
  from {{input}}
)
select page.place, page.reached_at, page.reached_id, {{columns page}}
from input i
cross join lateral (
  select c.place, c.starts_at as reached_at, c.offer_id as reached_id, {{columns o}}
  from (
    -- The lists are walked as one, in the order of the start, from where the page before ended. Only
    -- as much is read of them as the page needs, and never more than `maxRows`.
    select l.starts_at, l.offer_id, row_number() over (order by l.starts_at, l.offer_id) as place
    from (
      (select starts_at, offer_id from offer_terms where term = i.lists ->> 0
        and (starts_at, offer_id) > (i.since, i.after) and starts_at < i.until order by 1, 2)
      union all
      (select starts_at, offer_id from offer_terms where term = i.lists ->> 1
        and (starts_at, offer_id) > (i.since, i.after) and starts_at < i.until order by 1, 2)
      union all
      (select starts_at, offer_id from offer_terms where term = i.lists ->> 2
        and (starts_at, offer_id) > (i.since, i.after) and starts_at < i.until order by 1, 2)
      union all
      (select starts_at, offer_id from offer_terms where term = i.lists ->> 3
        and (starts_at, offer_id) > (i.since, i.after) and starts_at < i.until order by 1, 2)
      union all
      (select starts_at, offer_id from offer_terms where term = i.lists ->> 4
        and (starts_at, offer_id) > (i.since, i.after) and starts_at < i.until order by 1, 2)
      union all
      (select starts_at, offer_id from offer_terms where term = i.lists ->> 5
        and (starts_at, offer_id) > (i.since, i.after) and starts_at < i.until order by 1, 2)
    ) l
    order by l.starts_at, l.offer_id limit i."maxRows"
  ) c
  left join lateral (
    select {{columns o}} from offers o
    where o.id = c.offer_id and o.status = i.status
      and (i."minPrice" is null or o.price >= i."minPrice")
      and (i."maxPrice" is null or o.price <= i."maxPrice")
      -- The length of the way over the ball, as an angle.
      and (i.near is null or 2 * asin(least(1, sqrt(
        sind((o.lat - (i.near ->> 'lat')::float8) / 2) ^ 2 + cosd(o.lat)
          * cosd((i.near ->> 'lat')::float8) * sind((o.lng - (i.near ->> 'lng')::float8) / 2) ^ 2
      ))) <= (i.near ->> 'radians')::float8)
      and not exists (
        select from jsonb_array_elements_text(i.also) as w (term) where not exists (
          select from offer_terms t
          where t.term = w.term and t.starts_at = c.starts_at and t.offer_id = c.offer_id
        )
      )
    limit 1
  ) o on true
  -- The last one that may be looked at is told in any case: there the next page goes on.
  where o.id is not null or c.place = i."maxRows"
  order by c.starts_at, c.offer_id limit i."maxItems"
) page
order by page.reached_at, page.reached_id
