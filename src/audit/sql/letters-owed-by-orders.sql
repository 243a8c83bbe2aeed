-- Leaves out what an order or a change owed. Nobody owed the rest.
select e.*, 'nobody owed this letter' as problem from {{letters}}
where not exists (
  select from orders o where o.id = e."keyId" and o.id = e."orderId" and o.user_id = e."userId"
    and e.key = o.id || ':' || e.kind and e.kind = 'ORDER_' || o.decision and e.amount = o.price
  offset 0
) and not exists (
  select from order_changes c where c.id = e."keyId" and c.order_id = e."orderId"
    and c.user_id = e."userId" and c.status = 'DONE' and e.key = c.id || ':' || e.kind
    and e.kind = case c.kind when 'CANCEL' then 'ORDER_CANCELLED' else 'ORDER_REPRICED' end
    and e.amount = coalesce(c.to_price, c.from_price)
  offset 0
)
