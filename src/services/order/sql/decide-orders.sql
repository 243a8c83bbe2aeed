with input as (
  select * from {{input}}
),
-- Billing's answer becomes the decision, and the letter becomes due, in one step: a process that
-- dies here leaves both or neither.
decided as (
  update orders o set status = i.status, decision = i.status, reason = i.reason, email = i.email,
    decided_at = now(), attempts = 0, timeline = {{appended o.timeline i.entry}},
    due_at = case when i.email is not null then {{from-now i."leaseMs"}} end
  from input i where o.id = i.id and o.status = 'PENDING' returning o.*
)
select i.ord, true as changed, {{columns d}} from input i join decided d on d.id = i.id
union all
-- Who comes second finds the decision of the first, or that the order was forgotten: then every
-- column of the order is null.
select i.ord, false as changed, {{columns o}} from input i left join orders o on o.id = i.id
where (o.id is null or o.status <> 'PENDING')
  and not exists (select from decided d where d.id = i.id)
