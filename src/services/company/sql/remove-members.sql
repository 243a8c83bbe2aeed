with input as materialized (
  select * from {{input}}
),
-- The company as this statement sees it, with the last membership that is asked for, and whether the
-- sender may end it. Who ended it once may hear so again. Lateral, with its offset, makes Postgres
-- look members up by their index, also while the table is small.
seen as materialized (
  select i.ord, c.id, c.version, p.id as membership_id, p.role, p.left_at,
    i."isOperator" or a.id is not null or i.actor = i."userId"
      or (p.removed_by is not null and p.removed_by = i.actor) as is_allowed
  from input i join companies c on c.id = i."companyId"
  left join lateral (
    select m.id from memberships m where m.company_id = c.id and m.user_id = i.actor
      and m.left_at is null and m.role = 'ADMIN' offset 0
  ) a on true
  left join lateral (
    select * from memberships m where m.company_id = c.id and m.user_id = i."userId"
    order by m.joined_at desc limit 1
  ) p on true
),
-- The company once it is locked, which may be later, in one order for all statements.
locked as materialized (
  select id, version from companies
  where id in (select id from seen where is_allowed and membership_id is not null and left_at is null)
  order by id for no key update
),
-- From here on nobody is told who the members are, in the same order. Who asked before has the answer.
guarded as materialized (
  select id, version, pg_advisory_xact_lock(members_lock(id)) from locked
),
-- Only if nobody changed it in between is what this statement sees of its members the truth: so two
-- ADMINs who remove each other do so one after the other.
target as materialized (
  select s.ord, s.membership_id, s.role = 'ADMIN' and not exists (
    select from memberships o where o.company_id = s.id and o.id <> s.membership_id
      and o.role = 'ADMIN' and o.left_at is null
  ) as is_last
  from seen s join guarded l on l.id = s.id and l.version = s.version
),
-- The clock is read under the lock: whoever asked for an earlier moment was answered with this member.
ended as (
  update memberships m set left_at = greatest(clock_timestamp(), m.joined_at), removed_by = i.actor
  from target t join input i on i.ord = t.ord
  where m.id = t.membership_id and not t.is_last returning m.*
),
moved as (
  update companies c set version = c.version + 1 from ended e where c.id = e.company_id
),
found as (
  select s.ord as spot, m.* from seen s join memberships m on m.id = s.membership_id
  where s.is_allowed and s.left_at is not null
  union all
  select t.ord, e.* from target t join ended e on e.id = t.membership_id
),
answers as (
  select spot as ord, 'done' as outcome from found
  union all
  select i.ord, case
    when s.id is null then 'missing'
    when not s.is_allowed then 'forbidden'
    else 'nobody'
  end
  from input i left join seen s on s.ord = i.ord
  where s.is_allowed is not true or s.membership_id is null
  union all
  select ord, 'last' from target where is_last
)
select a.ord, a.outcome, {{columns d}} from answers a left join found d on d.spot = a.ord
