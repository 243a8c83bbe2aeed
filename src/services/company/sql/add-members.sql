with input as materialized (
  select * from {{input}}
),
-- A key that is known answers with its member, whatever became of them and of the sender since.
known as materialized (
  select i.ord, m.id from input i join memberships m on m.company_id = i."companyId"
    and m.added_by = i.actor and m.idempotency_key = i."idempotencyKey"
),
fresh as materialized (
  select i.* from input i where not exists (select from known k where k.ord = i.ord)
),
-- The company as this statement sees it, and whether the sender may change it. Lateral, with its
-- offset, makes Postgres look members up by their index, also while the table is so small that it
-- would rather read it whole.
seen as materialized (
  select f.ord, c.id, c.version, f."isOperator" or m.id is not null as is_allowed
  from fresh f join companies c on c.id = f."companyId"
  left join lateral (
    select a.id from memberships a where a.company_id = c.id and a.user_id = f.actor
      and a.left_at is null and a.role = 'ADMIN' offset 0
  ) m on true
),
-- The same company once it is locked, which may be later, in one order for all statements.
locked as materialized (
  select id, version from companies where id in (select id from seen where is_allowed)
  order by id for no key update
),
-- From here on nobody is told who the members are, in the same order. Who asked before has the answer.
guarded as materialized (
  select id, version, pg_advisory_xact_lock(members_lock(id)) from locked
),
-- Only if nobody changed it in between is what this statement sees of its members the truth.
target as materialized (
  select s.ord, s.id,
    exists (
      select from memberships m
      where m.company_id = s.id and m.user_id = f."userId" and m.left_at is null
    ) as is_member,
    (
      select count(*) from memberships m where m.company_id = s.id and m.left_at is null
    ) >= f."maxMembers" as is_full
  from seen s join fresh f on f.ord = s.ord join guarded l on l.id = s.id and l.version = s.version
),
-- The clock is read under the lock: whoever asked for an earlier moment was answered without this
-- member, and whoever asks for a later one waits.
joined as (
  insert into memberships (id, company_id, user_id, role, name, email, locale, joined_at, added_by,
    idempotency_key, request_id)
  select f.id, t.id, f."userId", f.role, f.name, f.email, f.locale, clock_timestamp(), f.actor,
    f."idempotencyKey", f."requestId"
  from fresh f join target t on t.ord = f.ord where not t.is_member and not t.is_full
  on conflict do nothing returning *
),
moved as (
  update companies c set version = c.version + 1 from joined j where c.id = j.company_id
),
found as (
  select k.ord as spot, 'known' as what, m.* from known k join memberships m on m.id = k.id
  union all
  select f.ord, 'done', j.* from fresh f join joined j on j.id = f.id
),
answers as (
  select spot as ord, what as outcome from found
  union all
  select f.ord, case when s.id is null then 'missing' else 'forbidden' end
  from fresh f left join seen s on s.ord = f.ord where s.is_allowed is not true
  union all
  select ord, case when is_member then 'exists' else 'full' end
  from target where is_member or is_full
)
select a.ord, a.outcome, {{columns d}} from answers a left join found d on d.spot = a.ord
