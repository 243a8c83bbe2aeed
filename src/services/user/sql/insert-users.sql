with input as materialized (
  select * from {{input}}
),
-- A key that was used before answers with its user, or with its refusal.
known as materialized (
  select i.ord, u.id from input i join users u on u.idempotency_key = i."idempotencyKey"
),
-- Whose id is known signed up before: such an id comes from another issuer. Names and addresses are
-- one whatever their case. A refusal holds neither of them.
examined as (
  select i.*, case
    when exists (select from users u where u.id = i.id) then 'user-exists'
    when exists (select from users u where lower(u.username) = lower(i.username)
      and u.account <> 'REFUSED') then 'username-taken'
    when exists (select from users u where lower(u.email) = lower(i.email)
      and u.account <> 'REFUSED') then 'email-taken'
  end as reason
  from input i where not exists (select from known k where k.ord = i.ord)
),
-- A refusal is stored when it has a key, so that a late repeat finds it. It has an id of its own,
-- because the person may come again. Who signed up once can never do so again: nothing to store.
judged as materialized (
  select e.*, e.reason is null as is_user,
    case when e.reason is null then e.id else e."refusalId" end as row_id,
    e.reason is null or (e.reason <> 'user-exists' and e."idempotencyKey" is not null) as is_stored
  from examined e
),
-- The user is stored, with the account still PENDING, before identity and billing are asked.
inserted as (
  insert into users (id, username, email, phone, first_name, last_name, locale, password_hash,
    password_salt, idempotency_key, request_id, trace, account, reason, due_at)
  select row_id, username, email, phone, "firstName", "lastName", locale,
    case when is_user then "passwordHash" end, case when is_user then "passwordSalt" end,
    "idempotencyKey", "requestId", trace, case when is_user then 'PENDING' else 'REFUSED' end, reason,
    case when is_user then {{from-now "leaseMs"}} end
  from judged where is_stored
  on conflict do nothing returning *
),
-- Which row answers which item. A refusal that is told and not stored has no row. Who lost a race
-- for a name, an address, a key or an id is not in here, and runs again.
answers as (
  select k.ord, true as replayed, k.id, null as refusal from known k
  union all
  select j.ord, false, n.id, j.reason from judged j left join inserted n on n.id = j.row_id
  where n.id is not null or not j.is_stored
),
stored as (
  select {{columns u}} from users u join known k on k.id = u.id
  union all
  select {{columns n}} from inserted n
)
-- The reason is the row's, or that of the refusal that has no row.
select a.ord, a.replayed, s.id, s.username, s.email, s.phone, s.first_name, s.last_name, s.locale,
  s.password_hash, s.password_salt, s.idempotency_key, s.request_id, s.account,
  coalesce(s.reason, a.refusal) as reason, s.due_at, s.attempts, s.timeline, s.created_at, s.trace
from answers a left join stored s on s.id = a.id
