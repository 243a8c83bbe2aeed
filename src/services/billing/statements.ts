/** The statements of the ledger. Each is atomic by itself: there is no transaction around them. */

export const openAccountText = `
with input as (
  select * from json_to_recordset($1::text::json) as t(ord int, "userId" uuid, email text)
), opened as (
  insert into accounts (user_id, email) select "userId", email from input
  on conflict (user_id) do nothing returning *
)
select i.ord, false as replayed, o.* from input i join opened o on o.user_id = i."userId"
union all
select i.ord, true as replayed, a.* from input i join accounts a on a.user_id = i."userId"`

/**
 * Applies any number of deposits, withdrawals and refunds at once, each exactly
 * as if it had come alone, in the order of `ord`.
 *
 * - `known`: a key that was used before answers with its operation.
 * - `open`: accounts that nobody changed since this statement's snapshot. They
 *   are locked in one order (no deadlocks), and an account whose version moved
 *   while we waited is left out: its items find no row and run again.
 * - `walk`: goes through each account's items one after the other, carrying the
 *   balance, so that one busy account needs one statement, not many.
 */
export const applyOperationsText = `
with recursive input as materialized (
  select * from json_to_recordset($1::text::json) as t(
    ord int, id uuid, "userId" uuid, key text, kind text, amount bigint, reference text,
    "requestId" text, "leaseMs" int, "accountMayCome" boolean)
), known as materialized (
  select i.ord, o.id from input i join operations o on o.user_id = i."userId" and o.key = i.key
), fresh as materialized (
  select i.* from input i where not exists (select from known k where k.ord = i.ord)
), snapshot as materialized (
  select user_id, email, balance, version, created_at from accounts
  where user_id in (select "userId" from fresh)
), locked as materialized (
  select user_id, version from accounts
  where user_id in (select "userId" from fresh) order by user_id for update
), open as materialized (
  select s.* from snapshot s join locked l on l.user_id = s.user_id and l.version = s.version
), queue as materialized (
  select f.*, o.email, o.version, o.created_at, r.refundable, r.done, r.named,
    row_number() over (partition by f."userId" order by f.ord) as turn
  from fresh f
  join open o on o.user_id = f."userId"
  cross join lateral (
    select -coalesce(sum(p.effect), 0) as refundable,
      count(*) filter (where p.kind = 'WITHDRAW' and p.status = 'DONE') as done,
      count(*) filter (where p.key = f.reference) as named
    from operations p
    where f.kind = 'REFUND' and p.user_id = f."userId"
      and (p.key = f.reference or p.reference = f.reference)
  ) r
), walk as (
  select user_id, 0::bigint as turn, balance, null::int as ord, 0::bigint as effect,
    null::text as reason
  from open
  union all
  select w.user_id, q.turn, w.balance + e.effect, q.ord, e.effect, d.reason
  from walk w
  join queue q on q."userId" = w.user_id and q.turn = w.turn + 1
  cross join lateral (
    select case
      when q.kind = 'WITHDRAW' and q.amount > w.balance then 'insufficient-funds'
      when q.kind = 'REFUND' and q.done = 0 then 'nothing-withdrawn'
      when q.kind = 'REFUND' and q.amount > q.refundable then 'refund-exceeds-withdrawal'
      when q.kind <> 'WITHDRAW' and q.amount > 9007199254740991 - w.balance then 'balance-limit'
    end as reason
  ) d
  cross join lateral (
    select case
      when d.reason is not null then 0
      when q.kind = 'WITHDRAW' then -q.amount
      else q.amount
    end as effect
  ) e
), entered as (
  insert into operations (id, user_id, seq, key, kind, amount, effect, status, reason, reference,
    balance_after, request_id)
  select q.id, q."userId", q.version + q.turn, q.key, q.kind, q.amount, w.effect,
    case when w.reason is null then 'DONE' else 'REFUSED' end, w.reason, q.reference, w.balance,
    q."requestId"
  from walk w join queue q on q.ord = w.ord
  returning *
), tombstones as (
  insert into operations (id, user_id, key, kind, amount, effect, status, reason, reference, request_id)
  select gen_random_uuid(), q."userId", q.reference, 'WITHDRAW', q.amount, 0, 'REFUSED',
    'withdrawal-refunded', null, q."requestId"
  -- A refund under the withdrawal's own key has taken that key already.
  from queue q where q.kind = 'REFUND' and q.named = 0 and q.key is distinct from q.reference
), homeless as materialized (
  -- A refusal is kept for the repeats of its key. Without a key there are none, and who waits for
  -- the account to be opened must not find an old refusal then.
  select f.*, f.key is not null and not f."accountMayCome" as is_kept
  from fresh f where not exists (select from snapshot s where s.user_id = f."userId")
), kept as (
  insert into operations (id, user_id, key, kind, amount, effect, status, reason, reference, request_id)
  select id, "userId", key, kind, amount, 0, 'REFUSED', 'account-not-found', reference, "requestId"
  from homeless where is_kept
  on conflict do nothing
  returning *
), moved as (
  update accounts a set balance = l.balance, version = a.version + l.turn
  from (select distinct on (user_id) user_id, turn, balance from walk order by user_id, turn desc) l
  where a.user_id = l.user_id and l.turn > 0
), letters as (
  insert into deposit_letters (id, user_id, email, amount, due_at)
  select e.id, e.user_id, q.email, e.amount, now() + q."leaseMs" * interval '1 millisecond'
  from entered e join queue q on q.id = e.id
  where e.kind = 'DEPOSIT' and e.status = 'DONE'
)
select i.ord, true as replayed, o.*, a.email, a.created_at as account_created_at
from input i join known k on k.ord = i.ord join operations o on o.id = k.id
left join accounts a on a.user_id = o.user_id
union all
select q.ord, false, e.*, q.email, q.created_at from queue q join entered e on e.id = q.id
union all
select h.ord, false, k.*, null, null from homeless h join kept k on k.id = h.id
union all
select ord, false, id, "userId", null, key, kind, amount, 0, 'REFUSED', 'account-not-found',
  reference, null, "requestId", now(), null, null
from homeless where not is_kept`
