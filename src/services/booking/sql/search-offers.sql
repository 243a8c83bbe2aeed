with input as materialized (
  select *, coalesce(to_timestamp("fromMs" / 1000.0)::timestamptz(3), now()) as since,
    coalesce("to"::timestamptz, 'infinity') as until, marks::bigint as wanted,
    (near ->> 'lat')::float8 as lat, (near ->> 'lng')::float8 as lng,
    cosd((near ->> 'lat')::float8) as width, (near ->> 'haversine')::float8 as haversine
  from {{input}}
),
-- The sparsest way: where so many rows reach farthest. One that has fewer rows ends sooner than any.
way as materialized (
  select w.lists ->> 0 as a, w.lists ->> 1 as b, w.lists ->> 2 as c, w.lists ->> 3 as d,
    w.lists ->> 4 as e, w.lists ->> 5 as f
  from input i
  cross join lateral jsonb_array_elements(i.ways) with ordinality as w (lists, place)
  left join lateral (
    select s.starts_at from jsonb_array_elements_text(w.lists) as l (term)
    cross join lateral (
      select starts_at from offer_terms where term = l.term
        and (starts_at, offer_id) > (i.since, i.after) and starts_at < i.until
      order by starts_at, offer_id limit 64
    ) s
    where jsonb_array_length(i.ways) > 1
    order by 1 offset 63 limit 1
  ) far on true
  order by far.starts_at desc nulls first, w.place limit 1
)
select page.stopped, page.reached_at, page.reached_id, {{columns page}}
from input i cross join way w
cross join lateral (
  select c.place = i."maxRows" or c.look = i."maxLooks" as stopped, c.starts_at as reached_at,
    c.offer_id as reached_id, {{columns o}}
  from (
    -- Those that may fit. The last one that may be read is told in any case: there the next page goes on.
    select r.starts_at, r.offer_id, r.place,
      row_number() over (order by r.starts_at, r.offer_id) as look
    from (
      -- The lists are walked as one, in the order of the start, from where the page before ended. Only
      -- as much is read of them as the page needs, and never more than `maxRows`.
      select l.starts_at, l.offer_id, l.price, l.lat, l.lng, l.marks,
        row_number() over (order by l.starts_at, l.offer_id) as place
      from (
        (select starts_at, offer_id, price, lat, lng, marks from offer_terms where term = w.a
          and (starts_at, offer_id) > (i.since, i.after) and starts_at < i.until order by 1, 2)
        union all
        (select starts_at, offer_id, price, lat, lng, marks from offer_terms where term = w.b
          and (starts_at, offer_id) > (i.since, i.after) and starts_at < i.until order by 1, 2)
        union all
        (select starts_at, offer_id, price, lat, lng, marks from offer_terms where term = w.c
          and (starts_at, offer_id) > (i.since, i.after) and starts_at < i.until order by 1, 2)
        union all
        (select starts_at, offer_id, price, lat, lng, marks from offer_terms where term = w.d
          and (starts_at, offer_id) > (i.since, i.after) and starts_at < i.until order by 1, 2)
        union all
        (select starts_at, offer_id, price, lat, lng, marks from offer_terms where term = w.e
          and (starts_at, offer_id) > (i.since, i.after) and starts_at < i.until order by 1, 2)
        union all
        (select starts_at, offer_id, price, lat, lng, marks from offer_terms where term = w.f
          and (starts_at, offer_id) > (i.since, i.after) and starts_at < i.until order by 1, 2)
      ) l
      order by l.starts_at, l.offer_id limit i."maxRows"
    ) r
    where r.place = i."maxRows" or r.price is null or (
      r.marks & i.wanted = i.wanted
      and (i."minPrice" is null or r.price >= i."minPrice")
      and (i."maxPrice" is null or r.price <= i."maxPrice")
      and (i.near is null or sind((r.lat - i.lat) / 2) ^ 2
        + cosd(r.lat) * i.width * sind((r.lng - i.lng) / 2) ^ 2 <= i.haversine)
    )
    order by r.starts_at, r.offer_id limit i."maxLooks"
  ) c
  left join lateral (
    select {{columns o}} from offers o
    where o.id = c.offer_id and o.status = i.status
      and (i."minPrice" is null or o.price >= i."minPrice")
      and (i."maxPrice" is null or o.price <= i."maxPrice")
      -- The length of the way over the ball, as the haversine of its angle.
      and (i.near is null or sind((o.lat - i.lat) / 2) ^ 2
        + cosd(o.lat) * i.width * sind((o.lng - i.lng) / 2) ^ 2 <= i.haversine)
      and not exists (
        select from jsonb_array_elements_text(i.also) as m (term) where m.term <> w.a and not exists (
          select from offer_terms t
          where t.term = m.term and t.starts_at = c.starts_at and t.offer_id = c.offer_id
        )
      )
    limit 1
  ) o on true
  where o.id is not null or c.place = i."maxRows" or c.look = i."maxLooks"
  order by c.starts_at, c.offer_id limit i."maxItems"
) page
order by page.reached_at, page.reached_id
