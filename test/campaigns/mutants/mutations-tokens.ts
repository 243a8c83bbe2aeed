import { bug } from './mutation.ts'

const people = 'src/platform/access/person-tokens.ts'
const services = 'src/platform/access/service-tokens.ts'
const keys = 'src/platform/access/issuer-keys.ts'
const keySet = 'src/platform/access/key-set.ts'
const guard = 'src/platform/access/guard.ts'
const admission = 'src/platform/http/admission.ts'

const tokensTest = 'src/platform/access/guard.test.ts'
const keysTest = 'src/platform/access/issuer-keys.test.ts'

/** Bugs in what checks tokens, and in what knows the keys that they are signed with. */
export const tokenMutations = [
  bug(
    'a token of any issuer is taken',
    [tokensTest],
    [people, '        issuer: access.issuer,\n', ''],
  ),
  bug('a token for anybody is taken', [tokensTest], [people, '        audience,\n', '']),
  bug('any algorithm is taken', [tokensTest], [people, '        algorithms,\n', '']),
  bug(
    'a token that was good once is good for ever',
    [tokensTest],
    [people, 'found.untilMs > Date.now()) return found.person', 'true) return found.person'],
  ),
  bug(
    'an ID token passes for an access token',
    [tokensTest],
    [people, ' && !isIdToken(payload))', ')'],
  ),
  bug(
    'our own issuer’s ID token passes for an access token',
    [tokensTest],
    [people, '(!isOwnIssuer && kind', '(kind'],
  ),
  bug(
    'a token is remembered although its key was withdrawn while it was checked',
    [keysTest],
    [people, 'if (changes === changesBefore) remember', 'remember'],
  ),
  bug(
    'a token of a withdrawn key is remembered',
    [keysTest],
    [guard, 'onChange: people.forget', 'onChange: () => {}'],
  ),
  bug(
    'keys are read once and never again',
    [keysTest],
    [keys, 'if (age < keyRefreshMs) return undefined', 'if (age >= 0) return undefined'],
  ),
  bug(
    'after a silence, keys of any age are taken once more',
    [keysTest],
    [keys, 'isAway() && sinceTryMs() < keyRefreshMs', 'isAway()'],
  ),
  bug(
    'without an issuer, nobody is known any more',
    [keysTest],
    [keys, '        isAway = true\n', '        isAway = true\n        known = undefined\n'],
  ),
  bug(
    'while the issuer is away, a new key is said to be bad',
    [keysTest],
    [keys, '    if (isAway()) return (await lookFor()) ?? Promise.reject(unavailable())\n', ''],
  ),
  bug(
    'each unknown key is asked for at once',
    [keysTest],
    [keys, 'Math.max(0, cooldownMs - sinceTryMs())', '0'],
  ),
  bug(
    'a key that signs at once is refused until the cooldown is over',
    [keysTest],
    [keys, '    await readSoon()\n', ''],
  ),
  bug(
    'a token of another issuer makes us ask for its key',
    [keysTest],
    [keys, 'return iss === issuer && Number', 'return Number'],
  ),
  bug(
    'any description of an issuer is believed',
    [keysTest],
    [keys, "if (described?.['issuer'] !== issuer)", 'if (described === null)'],
  ),
  bug(
    'one broken key makes all others useless',
    [keysTest],
    [keySet, 'keys.filter(isUsable)', 'keys'],
  ),
  bug(
    'a service is believed for any callee',
    [tokensTest],
    [services, '          audience: callee,\n', ''],
  ),
  bug(
    'a service may say that it is another',
    [tokensTest],
    [services, ' || payload.iss !== known.caller', ''],
  ),
  bug(
    'the token of a service is remembered as long as it says',
    [tokensTest],
    [services, 'Math.min(exp, iat + lifeSeconds)', 'exp'],
  ),
  bug(
    'every service that we know may call every route',
    [tokensTest],
    [guard, 'if (!allowed.includes(service)) throw', 'if (allowed.length === 0) throw'],
  ),
  bug(
    'of two tokens the first one counts',
    ['src/platform/http/guarded-paths.test.ts'],
    [
      admission,
      "countHeader(request, 'authorization') > 1",
      "countHeader(request, 'authorization') > 2",
    ],
  ),
]
