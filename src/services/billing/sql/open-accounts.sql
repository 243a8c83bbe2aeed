with input as (
  select * from {{input}}
),
-- The user is the key: an account that is there stays as it was opened.
opened as (
  insert into accounts (user_id, email) select "userId", email from input
  on conflict (user_id) do nothing returning *
)
select i.ord, false as replayed, {{columns o}} from input i join opened o on o.user_id = i."userId"
union all
-- An account that was there is told, whatever address was sent with it now. Who lost a race against
-- an account that is not in sight yet finds no row, and runs again.
select i.ord, true as replayed, {{columns a}} from input i join accounts a on a.user_id = i."userId"
