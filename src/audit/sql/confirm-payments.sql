-- Which of these payments billing does not have, and what it has instead.
select e.*, o.found, t.taken as "tookNow",
  case
    when o.found is null and e.outcome = 'REFUSED' then 'its refusal is not kept'
    when o.found is null and e.outcome = 'ANY' then 'no payment is kept, and none is stopped'
    when o.found is null and e.outcome is not null then 'there is no such operation'
    when o.differs then 'the operation is another one'
    else 'it took another sum'
  end as problem
from json_to_recordset($1::text::json) as e(id uuid, "userId" uuid, key text, kind text, amount bigint,
  outcome text, reason text, reference text, taken bigint, state text,
  "changedAt" text)
left join lateral (
  select jsonb_build_object('id', p.id, 'kind', p.kind, 'amount', p.amount, 'status', p.status,
      'reason', p.reason, 'reference', p.reference, 'effect', p.effect) as found,
    p.effect, p.kind <> e.kind or p.amount <> e.amount
      or p.reference is distinct from e.reference
      or (e.outcome <> 'ANY' and p.status <> e.outcome)
      or (e.outcome = 'REFUSED' and p.reason is distinct from e.reason) as differs
  from operations p where p.user_id = e."userId" and p.key = e.key offset 0
) o on true
cross join lateral (
  select -coalesce(o.effect, 0) - coalesce(sum(r.effect), 0) as taken
  from operations r
  where e.taken is not null and r.user_id = e."userId" and r.reference = e.key
) t
where (o.found is null and e.outcome is not null) or o.differs or t.taken <> e.taken
