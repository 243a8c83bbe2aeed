-- What an operation did agrees with what it is, it has an account and a place there, and a deposit
-- owes its letter.
select o.id, o.user_id as "userId", o.kind, o.amount, o.effect, o.status, o.key, p.problem
from page o
left join accounts a on a.user_id = o.user_id
left join deposit_letters l on l.id = o.id
cross join lateral (
  select case
    when o.effect <> case
        when o.status = 'REFUSED' then 0 when o.kind = 'WITHDRAW' then -o.amount else o.amount
      end then 'its effect is not its amount'
    when o.effect <> 0 and a.user_id is null then 'it moved money, and there is no account'
    when o.effect <> 0 and o.seq is null then 'it moved money, and has no place in its account'
    when (o.kind = 'DEPOSIT' and o.status = 'DONE') <> (l.id is not null)
      then case when l.id is null then 'a deposit owes no letter'
        else 'it owes a letter, and is no deposit that was done' end
    when l.id is not null and (l.user_id <> o.user_id or l.amount <> o.amount)
      then 'its letter is about something else'
  end as problem
) p
where p.problem is not null and o.created_at >= {{since}}
