-- Leaves out what an order or a change asked for. One that is undecided may have asked already.
select e.* from {{operations}}
where not exists (
  select from orders o where o.id = e."keyId" and o.user_id = e."userId" and e.reference is null
    and e.kind = 'WITHDRAW' and e.amount = o.price
    and (o.decision is null or (o.decision = 'APPROVED') = (e.status = 'DONE'))
    and (e.status = 'DONE' or o.reason is null or o.reason in (e.reason, 'user-not-found'))
  offset 0
) and not exists (
  select from order_changes c where c.id = e."keyId" and c.order_id = e."referenceId"
    and c.user_id = e."userId" and e.amount = abs(coalesce(c.to_price, 0) - c.from_price)
    and e.kind = case when coalesce(c.to_price, 0) > c.from_price then 'WITHDRAW' else 'REFUND' end
    and (c.status = 'PENDING' or (c.status = 'DONE') = (e.status = 'DONE'))
  offset 0
)
