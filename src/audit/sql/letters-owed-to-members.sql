-- Leaves out what was owed to somebody who managed the company at that moment.
select e.* from {{letters}}
where e.kind not like 'OFFER_%' or not exists (
  select from memberships m where m.company_id = e."companyId" and m.user_id = e."userId"
    and m.joined_at <= e."decidedAt" and coalesce(m.left_at, 'infinity') > e."decidedAt"
)
