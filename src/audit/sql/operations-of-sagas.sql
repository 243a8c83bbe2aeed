-- The operations that an order, a change or a booking must have asked for. A refusal for want of an
-- account moved nothing, and may be all that is left of an order that was forgotten.
select o.id, o.user_id as "userId", o.key, case when o.key ~ {{saga-key}} then substr(o.key, 6) end
    as "keyId", o.reference,
  case when o.reference ~ {{saga-key}} then substr(o.reference, 6) end as "referenceId",
  o.kind, o.amount, o.status, o.reason, o.effect
from page o
where (o.key like 'saga:%' or o.reference like 'saga:%')
  and o.reason is distinct from 'account-not-found' and o.created_at >= {{since}}
