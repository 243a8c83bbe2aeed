with input as (
  select * from {{input}}
),
-- An order of nobody goes if nobody was told of it: with a key, a client may come back to it.
forgotten as (
  delete from orders o using input i
  where o.id = i.id and o.status = 'PENDING' and o.idempotency_key is null returning o.id
)
-- Whoever decided it before wins, and then its row is shown. An order that is gone has no row to
-- show: every column of it is null.
select i.ord, false as changed, {{columns o}} from input i
-- Lateral, with its offset, makes Postgres look each order up by its key, also while the table is so
-- small that it would rather read it whole.
left join lateral (select {{columns k}} from orders k where k.id = i.id offset 0) o
  on not exists (select from forgotten f where f.id = i.id)
where o.id is null or o.status <> 'PENDING'
