with input as (
  select * from {{input}}
),
-- Identity has the login, so nobody needs the hash here. The account is the next step, with its own
-- attempts.
noted as (
  update users u set password_hash = null, attempts = 0,
    timeline = {{appended u.timeline i.entry}}
  from input i where u.id = i.id and u.password_hash is not null returning u.*
)
select i.ord, {{columns n}} from input i join noted n on n.id = i.id
union all
-- Who comes second finds the user as the first one left it.
select i.ord, {{columns u}} from input i join users u on u.id = i.id where u.password_hash is null
