-- Reads each account with its whole history, at one moment: the balance is the sum of all effects,
-- each operation continues the one before it, and no number is missing.
select a.user_id as id, a.balance, a.version, f.sum, f.last, f."firstBreak",
  case
    when a.balance <> f.sum then 'the balance is not the sum of the operations'
    when f."firstBreak" is not null then 'an operation does not continue the one before it'
    else 'the account does not know its last operation'
  end as problem
from page a
cross join lateral (
  select coalesce(sum(e.effect), 0) as sum, coalesce(max(e.seq), 0) as last,
    min(e.seq) filter (
      where e.seq <> e.place or e.balance_after < 0 or e.balance_after is distinct from e.expected
    ) as "firstBreak"
  from (
    select o.seq, o.effect, o.balance_after, row_number() over history as place,
      lag(o.balance_after, 1, 0::bigint) over history + o.effect as expected
    from operations o where o.user_id = a.user_id and o.seq is not null
    window history as (order by o.seq)
  ) e
) f
where a.balance <> f.sum or a.version <> f.last or f."firstBreak" is not null
