with input as materialized (
  select * from {{input}}
),
-- A key that was used before answers with its user, or with its refusal.
known as materialized (
  select i.ord, u.id from input i join users u on u.idempotency_key = i."idempotencyKey"
),
-- Names and addresses are one whatever their case. A refusal holds neither of them.
judged as materialized (
  select i.*, case
    when exists (select from users u where lower(u.username) = lower(i.username)
      and u.account <> 'REFUSED') then 'username-taken'
    when exists (select from users u where lower(u.email) = lower(i.email)
      and u.account <> 'REFUSED') then 'email-taken'
  end as reason
  from input i where not exists (select from known k where k.ord = i.ord)
),
-- The user is stored, with the account still PENDING, before billing is asked. A refusal is stored
-- too when it has a key, so that a late repeat finds it.
inserted as (
  insert into users (id, username, email, phone, first_name, last_name, idempotency_key,
    request_id, account, reason, due_at)
  select id, username, email, phone, "firstName", "lastName", "idempotencyKey", "requestId",
    case when reason is null then 'PENDING' else 'REFUSED' end, reason,
    case when reason is null then {{from-now "leaseMs"}} end
  from judged where reason is null or "idempotencyKey" is not null
  on conflict do nothing returning *
),
-- Which row answers which item. A refusal without a key is told and not stored: it has no row. Who
-- lost a race for a name, an address or a key is not in here, and runs again.
answers as (
  select k.ord, true as replayed, k.id, null as refusal from known k
  union all
  select j.ord, false, n.id, j.reason from judged j left join inserted n on n.id = j.id
  where n.id is not null or (j.reason is not null and j."idempotencyKey" is null)
),
stored as (
  select {{columns u}} from users u join known k on k.id = u.id
  union all
  select {{columns n}} from inserted n
)
-- The reason is the row's, or that of the refusal that has no row.
select a.ord, a.replayed, s.id, s.username, s.email, s.phone, s.first_name, s.last_name,
  s.idempotency_key, s.request_id, s.account, coalesce(s.reason, a.refusal) as reason, s.due_at,
  s.attempts, s.timeline, s.created_at
from answers a left join stored s on s.id = a.id
