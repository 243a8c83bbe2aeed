with input as (
  select * from {{input}}
),
-- A key that is known answers with its retry.
known as materialized (
  select r.* from input i join retries r
    on r.operator = i.operator and r.idempotency_key = i."idempotencyKey"
),
-- Nobody works on a row that is due, nor on one whose last attempt has ended without an answer: the
-- attempt that goes on has the next number. For all others somebody holds a lease.
target as materialized (
  select t.id, t.due_at is not null as owes, coalesce(
    t.due_at <= now() or (t.timeline -> -1 ->> 'outcome' = 'unknown'
      and (t.timeline -> -1 ->> 'attempt')::int = t.attempts + 1), false) as is_idle
  from input i join {{table}} t on t.id = i."owedId"
  where not exists (select from known) for update of t
),
-- It is due, and that is all: recovery does with it what it would have done a little later.
hastened as (
  update {{table}} t set due_at = least(t.due_at, now())
  from target o where t.id = o.id and o.owes and o.is_idle returning t.id
),
noted as (
  insert into retries (id, operator, owed_id, idempotency_key, request_id)
  select i.id, i.operator, i."owedId", i."idempotencyKey", i."requestId"
  from input i join hastened h on h.id = i."owedId"
  on conflict do nothing returning *
)
select 'known' as outcome, k.id, k.owed_id, k.at from known k
union all
select 'noted', n.id, n.owed_id, n.at from noted n
union all
-- A retry that is not noted had its key taken at this moment: it runs again, and finds it.
select case when not o.owes then 'nothing-owed' when not o.is_idle then 'at-work' else 'again' end,
  null, o.id, null
from target o where not exists (select from noted)
