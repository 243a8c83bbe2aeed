-- Who cannot sign in.
select e.*, 'there is no such login' as problem
from json_to_recordset($1::text::json) as e(id uuid, account text)
where not exists (select from logins l where l.id = e.id offset 0)
