import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { readConfig } from '../../src/platform/base/config.ts'
import {
  cutConnection,
  keySetSubject,
  makeKey,
  signWith,
  startKeySet,
  tell,
  type Key,
  type KeySet,
} from '../lab/key-set.ts'
import { startLure } from '../lab/lure.ts'
import { startNotification, type Variables } from '../lab/service.ts'
import { eventually } from '../lab/wait.ts'

/** Whatever the issuer does, nobody gets in who should not, and nobody is sent away who should get in. */
const refreshMs = 400
const cooldownMs = 100
const callTimeoutMs = 300

const start = async (keySet: KeySet, variables: Variables = {}) => {
  const { notification } = await startNotification({
    PUBLIC_URL: 'http://issuer.test',
    JWKS_URL: keySet.url,
    KEY_REFRESH_MS: `${refreshMs}`,
    KEY_COOLDOWN_MS: `${cooldownMs}`,
    CALL_TIMEOUT_MS: `${callTimeoutMs}`,
    ...variables,
  })
  const path = `/notifications?userId=${keySetSubject}`
  const ask = (token: string) => notification.api.get(path, { as: { token } })
  return { ask, status: async (key: Key) => (await ask(await signWith(key))).status }
}

const startAll = async (...kids: string[]) => {
  const keys = await Promise.all(kids.map(makeKey))
  const keySet = await startKeySet(keys)
  const service = await start(keySet)
  for (const key of keys) expect(await service.status(key)).toBe(200)
  return { keys, keySet, ...service }
}

const timed = async <Result>(work: Promise<Result>) => {
  const startMs = performance.now()
  return { result: await work, ms: performance.now() - startMs }
}

/** An issuer that others use, too: it signs with a key as soon as it has published it. */
const rotateUnderLoad = async (rotations: number, leadMs: number) => {
  let signing = await makeKey('0')
  const keySet = await startKeySet([signing])
  const { ask } = await start(keySet)
  const statuses = new Map<number, number>()
  let isOver = false
  let held = await signWith(signing)
  const client = async (isFresh: boolean) => {
    while (!isOver) {
      const { status } = await ask(isFresh ? await signWith(signing) : held)
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
  }
  const clients = [client(true), client(true), client(false)]
  for (let rotation = 1; rotation <= rotations; rotation += 1) {
    const next = await makeKey(`${rotation}`)
    // Tokens of the key before it live on.
    keySet.keys = [next, signing]
    await sleep(leadMs)
    signing = next
    await sleep(cooldownMs)
    held = await signWith(signing)
    await sleep(refreshMs / 4)
  }
  isOver = true
  await Promise.all(clients)
  return { statuses, asked: keySet.asked }
}

describe('rotation', () => {
  it('of ten keys under load refuses nobody, also if a new key signs at once', async () => {
    const { statuses } = await rotateUnderLoad(10, 0)
    expect([...statuses.keys()]).toEqual([200])
    expect(statuses.get(200)).toBeGreaterThan(50)
  })

  it('refuses nobody if a key is published ahead of its use', async () => {
    const { statuses } = await rotateUnderLoad(2, refreshMs * 1.5)
    expect([...statuses.keys()]).toEqual([200])
  })
})

describe('a key that was removed', () => {
  it('is refused within a minute, by the settings that hold if nobody changes them', () => {
    const { access, callTimeoutMs: defaultTimeoutMs } = readConfig('gateway', {})
    const { keyRefreshMs, keyCooldownMs } = access
    // The last token that gets in came just before one had to wait for the keys.
    expect(keyRefreshMs * 1.5 + keyCooldownMs + defaultTimeoutMs).toBeLessThan(60_000)
  })

  it.each([
    ['under load', 10],
    ['after a silence', refreshMs * 1.5],
  ])('is refused %s, also with a token that was let in before', async (_when, pauseMs) => {
    const { keys, keySet, ask, status } = await startAll('removed', 'kept')
    const [removed, kept] = keys as [Key, Key]
    const token = await signWith(removed)
    expect((await ask(token)).status).toBe(200)
    keySet.keys = [kept]
    const removedAtMs = performance.now()
    let answer = 200
    while (answer === 200) {
      await sleep(pauseMs)
      answer = (await ask(token)).status
    }
    expect(answer).toBe(401)
    const boundMs = refreshMs * 1.5 + cooldownMs + callTimeoutMs
    // A busy machine may answer late; a token that is remembered would stay for ten minutes.
    expect(performance.now() - removedAtMs).toBeLessThan(boundMs + pauseMs + 2_000)
    expect(await status(kept)).toBe(200)
  })
})

describe('an issuer that is away', () => {
  it('is not missed by those whose keys are known', async () => {
    const { keys, keySet, ask, status } = await startAll('a')
    const [key] = keys as [Key]
    const token = await signWith(key)
    keySet.behave = cutConnection
    for (let turn = 0; turn < 4; turn += 1) {
      await sleep(refreshMs / 2)
      expect((await ask(token)).status).toBe(200)
      expect(await status(key)).toBe(200)
    }
    keySet.behave = undefined
    await sleep(refreshMs)
    expect(await status(key)).toBe(200)
  })

  it('makes a service say 503 and not 401 as long as it never had a key, and then it recovers', async () => {
    const key = await makeKey('a')
    const keySet = await startKeySet([key])
    keySet.behave = cutConnection
    const { ask, status } = await start(keySet)
    const answer = await ask(await signWith(key))
    expect([answer.status, answer.body.code]).toEqual([503, 'unavailable'])
    expect(answer.headers['retry-after']).toBe('1')
    keySet.behave = undefined
    await eventually(async () => expect(await status(key)).toBe(200))
  })
})

describe('an issuer that never answers', () => {
  it('makes nobody wait whose key is known', async () => {
    // As usual, much longer than a call and the pause after it together: else a busy machine lets
    // so much time pass between two attempts that the keys count as not tried.
    const longRefreshMs = 1_600
    const waitMs = 600
    const key = await makeKey('a')
    const keySet = await startKeySet([key])
    const times = { KEY_REFRESH_MS: `${longRefreshMs}`, CALL_TIMEOUT_MS: `${waitMs}` }
    const { status } = await start(keySet, times)
    expect(await status(key)).toBe(200)
    keySet.behave = () => {}
    await sleep(longRefreshMs * 1.1)
    const waits: number[] = []
    for (let turn = 0; turn < 12; turn += 1) {
      const { result, ms } = await timed(status(key))
      expect(result).toBe(200)
      waits.push(ms)
      await sleep(longRefreshMs / 8)
    }
    const slow = waits.filter((ms) => ms > waitMs)
    expect(slow.length, waits.join()).toBeLessThanOrEqual(1)
  })

  it('makes a service without keys say so within the time of one call', async () => {
    const key = await makeKey('a')
    const keySet = await startKeySet([key])
    keySet.behave = () => {}
    const { status } = await start(keySet)
    const { result, ms } = await timed(status(key))
    expect(result).toBe(503)
    expect(ms).toBeLessThan(callTimeoutMs + 2_000)
  })
})

describe.concurrent('an issuer that lies', () => {
  const html = '<!doctype html><title>Maintenance</title>'
  const secret = { kty: 'oct', k: Buffer.from('x'.repeat(32)).toString('base64url'), kid: 'a' }
  it.each<[string, KeySet['behave']]>([
    ['with a page', tell(html)],
    ['with half a document', tell('{"keys":[{"kty":"OKP"')],
    ['with an empty set', tell('{"keys":[]}')],
    ['with keys that are secrets', tell(JSON.stringify({ keys: [secret] }))],
    ['with keys of no kind', tell('{"keys":[{},null,1,"a"]}')],
    ['with ten megabytes', tell(`{"keys":[${'{},'.repeat(3_500_000)}{}]}`)],
    ['with a failure', tell('{"keys":[]}', 500)],
  ])('%s changes nothing', async (_how, behave) => {
    const { keys, keySet, status } = await startAll('a')
    const [key] = keys as [Key]
    const other = await makeKey('other')
    keySet.behave = behave
    const { asked } = keySet
    await sleep(refreshMs)
    await eventually(async () => {
      expect(await status(key)).toBe(200)
      expect(keySet.asked).toBeGreaterThan(asked)
    })
    expect(await status(key)).toBe(200)
    expect(await status(other)).toBe(503)
    keySet.behave = undefined
    await eventually(async () => expect(await status(other)).toBe(401))
  })

  it('sends nobody elsewhere for its keys', async () => {
    const { keys, keySet, status } = await startAll('a')
    const [key] = keys as [Key]
    const thief = await makeKey('thief')
    const lure = await startLure([thief.jwk])
    keySet.behave = (_request, response) =>
      response.writeHead(302, { location: `${lure.url}/keys` }).end()
    await sleep(refreshMs)
    expect(await status(thief)).not.toBe(200)
    expect(await status(key)).toBe(200)
    expect(lure.asked()).toBe(0)
  })
})

describe('forgers', () => {
  it('with any number of unknown keys cannot make us ask the issuer more than once per cooldown', async () => {
    const { keySet, ask } = await startAll('a')
    const forger = await makeKey('forger')
    const tokens = await Promise.all(
      Array.from({ length: 40 }, (_, index) => signWith(forger, {}, { kid: `forged-${index}` })),
    )
    const { asked } = keySet
    const startMs = performance.now()
    for (let turn = 0; turn < 5; turn += 1) {
      const answers = await Promise.all(tokens.map(ask))
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]))
    }
    const tookMs = performance.now() - startMs
    const most = Math.ceil(tookMs / cooldownMs) + Math.ceil(tookMs / refreshMs) + 1
    expect(keySet.asked - asked).toBeLessThanOrEqual(most)
    expect(keySet.asked - asked).toBeLessThan(40)
  })

  it('who name another issuer make us ask nobody', async () => {
    const { keySet, ask } = await startAll('a')
    const forger = await makeKey('forger')
    const { asked } = keySet
    const token = await signWith(forger, { iss: 'http://elsewhere.test' })
    for (let turn = 0; turn < 20; turn += 1) expect((await ask(token)).status).toBe(401)
    expect(keySet.asked - asked).toBeLessThanOrEqual(2)
  })
})
