-- Leaves out what a deposit owed. Nobody owed the rest.
select e.*, 'nobody owed this letter' as problem from {{letters}}
where e.kind <> 'DEPOSIT' or not exists (
  select from deposit_letters d where d.id = e."keyId" and d.user_id = e."userId"
    and d.amount = e.amount and e.key = d.id || ':DEPOSIT'
  offset 0
)
