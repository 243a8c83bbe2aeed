-- Whose account is open, says user.
select u.id, u.account from page u where u.account = 'OPEN' and {{changed u}} >= {{since}}
