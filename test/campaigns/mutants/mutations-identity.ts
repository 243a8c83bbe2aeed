import { bug } from './mutation.ts'

const folder = 'src/services/identity'
const signIn = `${folder}/sign-in.ts`
const refreshing = `${folder}/sql/refresh-sessions.sql`
const rotating = `${folder}/sql/rotate-keys.sql`
const newPassword = `${folder}/sql/change-passwords.sql`
const loginCommands = `${folder}/login-commands.ts`
const throttling = 'src/platform/access/sql/take-attempts.sql'
const provider = `${folder}/issuer/provider.ts`

const sessions = `${folder}/sessions.test.ts`
const logins = `${folder}/logins.test.ts`
const keys = `${folder}/keys.test.ts`
const throttle = `${folder}/throttle.test.ts`
const issuer = `${folder}/issuer/issuer.test.ts`

export const identityMutations = [
  bug(
    'a refresh token that comes twice is refused and ends nothing',
    [sessions],
    [
      refreshing,
      'where s.id = i.id and s.ended_at is null and s.expires_at > now()',
      'where s.id = i.id and s.ended_at is null and s.expires_at > now() and s.secret_hash = i.presented',
    ],
  ),
  bug(
    'a refresh token serves again and again',
    [sessions],
    [refreshing, 'then i.next else s.secret_hash end', 'then s.secret_hash else i.next end'],
  ),
  bug(
    'a session goes on after its last day',
    [sessions],
    [refreshing, 's.ended_at is null and s.expires_at > now()', 's.ended_at is null'],
  ),
  bug(
    'nothing is hashed for a name that nobody has',
    [sessions],
    [
      signIn,
      'const isRight = await passwords.matches(password, hash)',
      'const isRight = login !== undefined && (await passwords.matches(password, hash))',
    ],
  ),
  bug(
    'an access token does not say that it is one',
    [sessions],
    [`${folder}/tokens.ts`, "typ: 'at+jwt'", "typ: 'JWT'"],
  ),
  bug(
    'the password of a login is not compared when it is made again',
    [logins],
    [
      `${folder}/app.ts`,
      '  stored.locale === wanted.locale &&\n  stored.passwordHash === wanted.passwordHash',
      '  stored.locale === wanted.locale',
    ],
  ),
  bug(
    'the password of before goes on to open a login',
    [logins],
    [signIn, 'newPasswordHash ?? passwordHash', 'passwordHash ?? newPasswordHash'],
  ),
  bug(
    'a new password leaves the sessions of before',
    [logins],
    [newPassword, 'where s.login_id = c.id and', 'where s.id = c.id and'],
  ),
  bug(
    'a new password leaves the browser signed in',
    [issuer],
    [newPassword, "coalesce(m.payload ->> 'accountId', ", "coalesce(m.payload ->> 'account', "],
  ),
  bug(
    'a new password leaves a sign-in that is nearly done',
    [issuer],
    [
      newPassword,
      "coalesce(m.payload ->> 'accountId', m.payload -> 'result' -> 'login' ->> 'accountId')",
      "(m.payload ->> 'accountId')",
    ],
  ),
  bug(
    'a new password ends only the sessions that are there at its first moment',
    [logins],
    [
      loginCommands,
      'const login = await change({ username, passwordHash })',
      'const login = { username }',
    ],
  ),
  bug(
    'a login by a command seems to be made for somebody who has one',
    [logins],
    [loginCommands, 'if (stored.replayed) {', "if (stored.username === '') {"],
  ),
  bug(
    'anybody fills the table of what was begun on the pages',
    [throttle],
    [`${folder}/issuer/issuer.ts`, "      case '/identity/auth':\n", ''],
  ),
  bug(
    'anybody fills it by signing out',
    [throttle],
    [
      `${folder}/issuer/issuer.ts`,
      "      case '/identity/sign-out':\n        await",
      '        await',
    ],
  ),
  bug(
    'what nobody has signed in to lives as long as a session',
    [throttle],
    [
      provider,
      'session.accountId === undefined ? interactionSeconds : sessionSeconds',
      'sessionSeconds',
    ],
  ),
  bug(
    'guesses at the same moment all pass',
    [throttle],
    [
      throttling,
      'or t.attempts < (select i."maxAttempts" from input i where i.subject = t.subject)',
      'or true',
    ],
  ),
  bug(
    'who signs in rightly is throttled as well',
    [throttle],
    [signIn, '    await attempt.giveBack()\n    return login', '    return login'],
  ),
  bug(
    'a name is throttled only in the spelling that was guessed at',
    [throttle],
    [signIn, '{ subject: `sign-in name ${name}`,', '{ subject: `sign-in name ${username}`,'],
    [
      signIn,
      'const limitsOf = (name: string, address: string | undefined): Limit[] => [',
      'const limitsOf = (username: string, address: string | undefined): Limit[] => [',
    ],
    [
      signIn,
      'throttle.take(limitsOf(name, address))',
      'throttle.take(limitsOf(username, address))',
    ],
  ),
  bug(
    'a new key signs before anybody knows it',
    [keys],
    [
      rotating,
      'case when exists (select from present) then {{from-now i."leadMs"}} else now() end',
      'now()',
    ],
  ),
  bug(
    'a key is removed while its tokens are in use',
    [keys],
    [`${folder}/key-ring.ts`, 'accessTokenSeconds * 1_000 + 2 * pollMs + marginMs', '2 * pollMs'],
  ),
  bug(
    'each replica makes a key of its own',
    [keys],
    [
      rotating,
      '(select coalesce(max(generation), 0) + 1 from signing_keys)',
      '(select coalesce(max(generation), 0) + 1 + (random() * 1e6)::int from signing_keys)',
    ],
  ),
  bug(
    'the pages go on with the keys that they had at first',
    [issuer],
    [
      `${folder}/issuer/lazy-provider.ts`,
      'if (built?.keys !== keys) {',
      'if (built === undefined) {',
    ],
  ),
  bug(
    'PKCE is a matter of taste',
    [issuer],
    [provider, 'required: () => true', 'required: () => false'],
  ),
  bug(
    'a code may be sent to a host that only begins like this machine',
    [issuer],
    [
      `${folder}/issuer/redirects.ts`,
      'loopbackHosts.has(hostname)',
      '[...loopbackHosts].some((host) => hostname.startsWith(host))',
    ],
  ),
  bug(
    'a code or refresh token that comes twice at once serves twice',
    [issuer],
    [`${folder}/issuer/adapter.ts`, 'if (consumed) return', "if (consumed || id !== '') return"],
  ),
  bug(
    'what was typed into the sign-in page is shown as HTML',
    [issuer],
    [`${folder}/issuer/pages.ts`, 'value="${escapeHtml(username)}"', 'value="${username}"'],
  ),
  bug(
    'only the first guess counts',
    [throttle],
    [throttling, 't.attempts + 1 else 1 end', 't.attempts else 1 end'],
  ),
]
