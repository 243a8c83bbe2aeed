with input as materialized (
  select * from {{input}}
)
-- A role that is there is not added twice, and one that is not there is not missed.
update logins l set roles = (l.roles - i.role) || case when i.granted then to_jsonb(i.role) else '[]' end
from input i where lower(l.username) = lower(i.username)
returning {{columns l}}
