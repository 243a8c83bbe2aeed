with input as materialized (
  select ord, "companyId", "at"::timestamptz as moment from {{input}}
),
-- The companies as this statement sees them: the members that it sees are of the same moment.
seen as materialized (
  select id, version from companies where id in (select "companyId" from input)
),
-- Whoever changes the members of a company holds its row, so this waits for them. All locks are
-- taken in one order, and many may ask at once.
locked as materialized (
  select id, version from companies where id in (select id from seen) order by id for share
),
-- The clock is read under the lock: whoever changes the members after this reads it later.
judged as materialized (
  select i.ord, l.id, i.moment, l.version, i.moment < clock_timestamp() as is_over
  from input i join locked l on l.id = i."companyId"
)
-- A version that moved means that there are members out of sight: that item runs again.
select j.ord, case when j.is_over then 'told' else 'early' end as outcome,
  case when j.is_over then (
    select coalesce(
      json_agg(
        json_build_object('userId', m.user_id, 'name', m.name, 'email', m.email, 'locale', m.locale)
        order by m.user_id
      ),
      '[]'
    )
    from memberships m
    where m.company_id = j.id and m.joined_at <= j.moment
      and coalesce(m.left_at, 'infinity'::timestamptz) > j.moment
  ) end as managers
from judged j join seen s on s.id = j.id and s.version = j.version
union all
select i.ord, 'missing', null from input i
where not exists (select from seen s where s.id = i."companyId")
