with input as materialized (
  select ord, "companyId", "at"::timestamptz as moment from {{input}}
),
-- Locks are taken in one order, as by whoever changes members: so nobody waits in a circle.
sorted as materialized (
  select i.ord, i.moment, c.id from input i join companies c on c.id = i."companyId" order by c.id
),
asked as materialized (
  select ord, members_at(id, moment) as managers from sorted
)
select ord, case when managers is null then 'early' else 'told' end as outcome, managers from asked
union all
select i.ord, 'missing', null from input i
where not exists (select from sorted s where s.ord = i.ord)
