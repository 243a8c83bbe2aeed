-- All accounts.
select a.user_id as id, a.balance from page a where a.created_at >= {{since}}
