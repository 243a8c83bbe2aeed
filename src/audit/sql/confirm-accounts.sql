-- Who has no account at billing.
select e.*, 'the account is told as open, and is not there' as problem
from json_to_recordset($1::text::json) as e(id uuid, account text)
where not exists (select from accounts a where a.user_id = e.id offset 0)
