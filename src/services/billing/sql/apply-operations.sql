-- Applies any number of deposits, withdrawals and refunds at once, each exactly as if it had come
-- alone, in the order of "ord". An item that finds no row lost a race, and runs again.
with recursive input as materialized (
  select * from {{input}}
),
-- A key that was used before answers with its operation, whatever became of the account since.
known as materialized (
  select i.ord, o.id from input i join operations o on o.user_id = i."userId" and o.key = i.key
),
-- All others are decided now.
fresh as materialized (
  select i.* from input i where not exists (select from known k where k.ord = i.ord)
),
-- The accounts as this statement sees them: the operations that it sees are of the same moment.
snapshot as materialized (
  select user_id, email, balance, version, created_at from accounts
  where user_id in (select "userId" from fresh)
),
-- The same accounts once they are locked, which may be later. They are locked in one order, so that
-- two statements cannot wait for each other.
locked as materialized (
  select user_id, version from accounts
  where user_id in (select "userId" from fresh) order by user_id for update
),
-- Only accounts that nobody changed in between are decided on: a version that moved means that there
-- are operations out of sight, and its items run again.
open as materialized (
  select s.* from snapshot s join locked l on l.user_id = s.user_id and l.version = s.version
),
-- The items of each account take turns. A refund is told here what its withdrawal came to so far:
-- how much of it can be given back (refundable), whether it took anything (done), and whether its
-- key is used at all (named).
queue as materialized (
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
),
-- Goes through the turns of each account and carries the balance from one to the next, so that one
-- busy account needs one statement and not many. All rules about money stand here: the reasons for
-- a refusal (d), and what an operation does to the balance (e).
walk as (
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
),
-- Every turn is entered in the ledger, a refused one too: a repeat of its key must find it. Its place
-- (seq) is unique in its account, so no two statements can ever enter the same turn.
entered as (
  insert into operations (id, user_id, seq, key, kind, amount, effect, status, reason, reference,
    balance_after, request_id)
  select q.id, q."userId", q.version + q.turn, q.key, q.kind, q.amount, w.effect,
    case when w.reason is null then 'DONE' else 'REFUSED' end, w.reason, q.reference, w.balance,
    q."requestId"
  from walk w join queue q on q.ord = w.ord
  returning *
),
-- A refund that comes before its withdrawal takes that one's key, so that it never happens later.
tombstones as (
  insert into operations (id, user_id, key, kind, amount, effect, status, reason, reference, request_id)
  select gen_random_uuid(), q."userId", q.reference, 'WITHDRAW', q.amount, 0, 'REFUSED',
    'withdrawal-refunded', null, q."requestId"
  -- A refund under the withdrawal's own key has taken that key already.
  from queue q where q.kind = 'REFUND' and q.named = 0 and q.key is distinct from q.reference
),
-- Items without an account. Their refusal is kept for the repeats of its key: without a key there are
-- none, and who waits for the account to be opened must not find an old refusal then.
homeless as materialized (
  select f.*, f.key is not null and not f."accountMayCome" as is_kept
  from fresh f where not exists (select from snapshot s where s.user_id = f."userId")
),
-- A key that another statement is just storing is left to that one: this item finds no row, runs
-- again, and is answered with what the other stored.
kept as (
  insert into operations (id, user_id, key, kind, amount, effect, status, reason, reference, request_id)
  select id, "userId", key, kind, amount, 0, 'REFUSED', 'account-not-found', reference, "requestId"
  from homeless where is_kept
  on conflict do nothing
  returning *
),
-- Each account moves to where its last turn left it. Refused turns move the version too: who
-- decided on an older one must see them.
moved as (
  update accounts a set balance = l.balance, version = a.version + l.turn
  from (select distinct on (user_id) user_id, turn, balance from walk order by user_id, turn desc) l
  where a.user_id = l.user_id and l.turn > 0
),
-- A deposit owes its letter from the same moment on, under a lease of the request that made it.
letters as (
  insert into deposit_letters (id, user_id, email, amount, trace, due_at)
  select e.id, e.user_id, q.email, e.amount, q.trace, {{from-now q."leaseMs"}}
  from entered e join queue q on q.id = e.id
  where e.kind = 'DEPOSIT' and e.status = 'DONE'
)
-- Repeats, with the balance of then. The account is missing if there was none.
select i.ord, true as replayed, {{columns o}}, a.email, a.created_at as account_created_at
from input i join known k on k.ord = i.ord join operations o on o.id = k.id
left join accounts a on a.user_id = o.user_id
union all
-- What was entered now.
select q.ord, false, {{columns e}}, q.email, q.created_at from queue q join entered e on e.id = q.id
union all
-- Refusals without an account that are kept.
select h.ord, false, {{columns k}}, null, null from homeless h join kept k on k.id = h.id
union all
-- Refusals without an account that are told only: the columns of an operation that was never stored.
select ord, false, id, "userId", null as seq, key, kind, amount, 0 as effect, 'REFUSED' as status,
  'account-not-found' as reason, reference, null as balance_after, "requestId", now() as created_at,
  null as email, null as account_created_at
from homeless where not is_kept
