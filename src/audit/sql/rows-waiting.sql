-- Rows that owe something: that is no violation, but worth to be known.
select count(*)::int as count, extract(epoch from now() - min(t.created_at)) * 1000 as "oldestMs"
from {{table}} t where t.due_at is not null
