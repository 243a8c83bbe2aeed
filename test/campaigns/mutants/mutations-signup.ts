import { bug } from './mutation.ts'

/** Bugs in how people sign up: what becomes of a password, and what a stranger could learn. */
const workflow = 'src/services/user/workflow.ts'
const signUp = 'src/services/user/sign-up.ts'
const app = 'src/services/user/app.ts'
const insertUsers = 'src/services/user/sql/insert-users.sql'
const noteLogins = 'src/services/user/sql/note-logins.sql'
const signUpTables = 'src/services/user/migrations/0004_sign_up.sql'
const passwords = 'src/platform/access/passwords.ts'

const signUpTests = 'src/services/user/sign-up.test.ts'
const recovery = 'src/services/user/recovery.test.ts'
const users = 'src/services/user/users.test.ts'
const otherIssuer = 'src/services/user/other-issuer.test.ts'
const access = 'src/services/user/access.test.ts'
const passwordTests = 'src/platform/access/passwords.test.ts'

export const signUpMutations = [
  bug(
    'an account is opened for somebody who cannot sign in, and no check minds',
    [recovery],
    [
      workflow,
      "return passwordHash === null ? { name: 'open-account' } : { name: 'make-login', passwordHash }",
      "return passwordHash === '' ? { name: 'make-login', passwordHash } : { name: 'open-account' }",
    ],
    [signUpTables, ` or ("users"."account" = 'PENDING' and `, ` or (`],
  ),
  bug(
    'a login that identity did not confirm counts as made',
    [recovery],
    [workflow, "if (login.outcome !== 'done') {", "if (login.outcome === 'refused') {"],
  ),
  bug(
    'the whole hash is kept as the salt of it',
    [signUpTests],
    [signUp, 'passwordSalt: saltOf(passwordHash)', 'passwordSalt: passwordHash'],
  ),
  bug(
    'a refusal keeps the hash of a password, and no check minds',
    [signUpTests],
    [
      insertUsers,
      'case when is_user then "passwordHash" end, case when is_user then "passwordSalt" end',
      '"passwordHash", "passwordSalt"',
    ],
    [
      signUpTables,
      `is null or ("users"."account" = 'PENDING' and`,
      `is null or ("users"."account" <> 'OPEN' and`,
    ],
    [signUpTables, `is null or "users"."account" <> 'REFUSED'`, `is null or true`],
  ),
  bug(
    'the database lets a hash come back',
    [users],
    [signUpTables, 'AND NEW.password_hash IS NOT NULL)', 'AND false)'],
  ),
  bug(
    'a repeat needs no password',
    [signUpTests],
    [
      signUp,
      'stored.replayed && password !== undefined',
      'stored.replayed && password === undefined',
    ],
  ),
  bug(
    'an identity that does not answer has confirmed the password',
    [signUpTests],
    [
      signUp,
      "if (login.outcome !== 'unknown') return login.outcome === 'done'",
      "if (login.outcome !== undefined) return login.outcome !== 'refused'",
    ],
  ),
  bug(
    'identity is asked about another hash than that of the first request',
    [signUpTests],
    [signUp, 'passwords.hash(password, passwordSalt)', 'passwords.hash(password)'],
  ),
  bug(
    'strangers who use the same key meet on it',
    [users],
    [app, 'scopedKey(wanted.username.toLowerCase(), key)', "scopedKey('', key)"],
  ),
  bug(
    'a password can be found by repeating a request',
    [signUpTests],
    [signUp, 'if (!isWrong) await attempt.giveBack()', 'await attempt.giveBack()'],
  ),
  bug(
    'a repeat counts as one more sign-up',
    [signUpTests],
    [signUp, 'if (known === undefined) await limitFrom(address)', 'await limitFrom(address)'],
  ),
  bug(
    'all addresses together are limited as one',
    [signUpTests],
    [signUp, 'subject: `sign-up from ${address}`', "subject: 'sign-up from somewhere'"],
  ),
  bug(
    'a refusal takes the id of the person, who can never sign up again',
    [otherIssuer],
    [
      insertUsers,
      'case when e.reason is null then e.id else e."refusalId" end as row_id',
      'case when e.reason is null then e.id else coalesce(e.id, e."refusalId") end as row_id',
    ],
  ),
  bug(
    'whoever signed up before is told that the name is taken',
    [otherIssuer],
    [
      insertUsers,
      'select from users u where u.id = i.id)',
      'select from users u where u.id is null)',
    ],
  ),
  bug(
    'anybody who is signed in sees every user',
    [access],
    [app, '    requireReach(c, userId, () => notFound(userId))\n', ''],
  ),
  bug(
    'a login that is noted twice is an error',
    [recovery],
    [noteLogins, 'where u.password_hash is null\n', 'where u.password_hash is null and false\n'],
  ),
  bug(
    'a password must be typed on the keyboard on which it was chosen',
    [passwordTests],
    [passwords, "password.normalize('NFC')", 'password'],
  ),
  bug(
    'any number of passwords may wait to be hashed',
    [passwordTests],
    [passwords, 'if (waiting.length >= maxWaiting) {', 'if (waiting.length < 0) {'],
  ),
]
