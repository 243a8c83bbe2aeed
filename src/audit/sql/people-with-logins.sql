-- Who has chosen a password that identity has, says user.
select u.id, u.account from page u
where u.password_salt is not null and u.password_hash is null and {{changed u}} >= {{since}}
