-- Where a range of people ends, so that it has so many rows.
select user_id as "userId" from {{table}} where user_id > $1::uuid order by user_id
offset {{range-rows}} limit 1
