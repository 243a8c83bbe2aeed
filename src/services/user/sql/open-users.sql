with input as (
  select * from {{input}}
),
-- Billing said that the account is open: nothing is owed any more.
opened as (
  update users u set account = 'OPEN', due_at = null, attempts = 0,
    timeline = {{appended u.timeline i.entry}}
  from input i where u.id = i.id and u.account = 'PENDING' returning u.*
)
select i.ord, true as changed, {{columns o}} from input i join opened o on o.id = i.id
union all
-- Who comes second finds the user as the first one left it.
select i.ord, false as changed, {{columns u}} from input i join users u on u.id = i.id where u.account = 'OPEN'
