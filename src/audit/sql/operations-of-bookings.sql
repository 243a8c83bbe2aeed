-- Leaves out what a booking asked for. A refund that was refused was asked for again under another
-- key, so its booking does not know its key any more.
select e.*, 'neither order nor change nor booking asked for it' as problem from {{operations}}
where not exists (
  select from bookings b where b.id = e."keyId" and b.user_id = e."userId" and e.reference is null
    and e.kind = 'WITHDRAW' and e.amount = b.price
    and (e.status = 'REFUSED' or b.status <> 'REFUSED')
  offset 0
) and not exists (
  select from bookings b where b.id = e."referenceId" and b.user_id = e."userId"
    and e.kind = 'REFUND' and e.amount = b.price
    and b.status in ('RELEASING', 'RELEASED', 'CANCELLING', 'CANCELLED')
    and (e."keyId" = b.refund_id or (e.status = 'REFUSED' and e.key like 'saga:%'))
  offset 0
)
