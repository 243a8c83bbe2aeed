-- Which account belongs to nobody.
select e.*, 'there is no such user' as problem
from json_to_recordset($1::text::json) as e(id uuid, balance bigint)
where not exists (select from users u where u.id = e.id and u.account <> 'REFUSED' offset 0)
