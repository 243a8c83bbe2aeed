with input as (
  select * from {{input}}
),
recorded as (
  insert into operator_acts (id, operator, method, route, target, subject, request_id)
  select id, operator, method, route, target, subject, "requestId" from input
  returning id
)
select i.ord, r.id from input i join recorded r on r.id = i.id
