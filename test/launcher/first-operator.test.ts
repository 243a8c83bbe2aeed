import { readdir, readFile, rename, stat } from 'node:fs/promises'
import path from 'node:path'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { callersOf, serviceNames } from '../../src/registry.ts'
import { dataFolder, environmentOf, launch, pidOf, type Launcher } from '../lab/launcher.ts'
import { eventually } from '../lab/wait.ts'
import { authorized, claimsOf, rolesOf, signIn } from './people.ts'

vi.setConfig({ testTimeout: 60_000 })

const passwordOn = (screen: string) => /^ +password (\S+) +shown this once/m.exec(screen)?.[1] ?? ''

const ready = async (variables: Record<string, string>) => {
  const system = launch(variables)
  await system.sees(/logs .*\n\n/)
  return system
}

const isPrivate = async (file: string) => ((await stat(file)).mode & 0o777) === 0o600

/** The tests use the same data one after the other, as the starts of one machine do. */
describe('who gets in after npm start', () => {
  let folder: string
  let system: Launcher
  let password: string
  let refreshToken: string
  const secrets: string[] = []
  const file = (name: string) => path.join(folder, name)
  const gateway = () => system.addressOf('start here')
  const start = async () => {
    system = await ready({ DATA_DIR: folder, LOG_LEVEL: 'trace' })
  }

  beforeAll(async () => {
    folder = await dataFolder()
    await start()
  })

  it('is told once: an operator with a password that is kept for the owner of the folder', async () => {
    expect(system.screen()).toMatch(
      /^ {2}operator +username operator +may see and mend everything$/m,
    )
    password = passwordOn(system.screen())
    expect(password).toHaveLength(24)
    expect((await readFile(file('operator.password'), 'utf8')).trim()).toBe(password)
    expect(await isPrivate(file('operator.password'))).toBe(true)
    const tokens = await signIn(gateway(), 'operator', password)
    expect(rolesOf(tokens)).toContain('operator')
    expect(claimsOf(tokens)).toMatchObject({ iss: `${gateway()}/identity` })
    const acts = await fetch(`${gateway()}/acts/billing`, { headers: authorized(tokens) })
    expect(acts.status).toBe(200)
    refreshToken = tokens.refreshToken
    secrets.push(password, tokens.accessToken, refreshToken)
  })

  it('is nobody without a token, also on the ports behind the gateway', async () => {
    const nobody = '01a2101b-6bd4-7429-a38c-5c6435161b4d'
    const account = `/billing/accounts/${nobody}`
    expect((await fetch(`${gateway()}${account}`)).status).toBe(401)
    const withdrawal = await fetch(`${system.addressOf('billing')}${account}/withdraw`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'mine' },
      body: JSON.stringify({ amount: 1, orderId: nobody }),
    })
    expect(withdrawal.status).toBe(401)
  })

  it('gives each service its own key and the public keys of its callers, and no other', async () => {
    expect(await isPrivate(file('service-keys.json'))).toBe(true)
    const kept = JSON.parse(await readFile(file('service-keys.json'), 'utf8')) as Record<
      string,
      { privateKey: string; publicKey: string }
    >
    expect(Object.keys(kept).toSorted()).toEqual(['billing', 'order', 'user'])
    for (const service of serviceNames) {
      const environment = await environmentOf(await pidOf(system.pid, service))
      const own = kept[service] === undefined ? [] : [`SERVICE_KEY=${kept[service].privateKey}`]
      const callers = callersOf(service).map(
        (caller) => `${caller.toUpperCase()}_PUBLIC_KEYS=${kept[caller]?.publicKey}`,
      )
      const given = environment.filter((entry) => /^(SERVICE_KEY|\w+_PUBLIC_KEYS)=/.test(entry))
      expect(given.toSorted(), service).toEqual([...own, ...callers].toSorted())
    }
    secrets.push(...Object.values(kept).map(({ privateKey }) => privateKey))
  })

  it('keeps passwords, tokens and keys out of every log, at the most talkative level', async () => {
    await fetch(`${gateway()}/sessions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username: 'operator', password: `${password}x` }),
    })
    expect((await system.interrupt()).code).toBe(0)
    const logs = await Promise.all(
      (await readdir(file('logs'))).map((name) => readFile(file(path.join('logs', name)), 'utf8')),
    )
    expect(logs.join('')).toContain('/sessions')
    for (const secret of secrets) {
      expect(logs.filter((log) => log.includes(secret))).toEqual([])
      const shown = system.screen().split(secret).length - 1
      expect(shown).toBe(secret === password ? 1 : 0)
    }
  })

  it('goes on as before at the second start, which only says where the password is', async () => {
    const before = await readFile(file('service-keys.json'), 'utf8')
    await start()
    expect(system.screen()).not.toContain(password)
    expect(system.screen()).not.toMatch(/✓ operator/)
    expect(system.addressOf('operator')).toBe(file('operator.password'))
    expect(await readFile(file('service-keys.json'), 'utf8')).toBe(before)
    await signIn(gateway(), 'operator', password)
    const refreshed = await fetch(`${gateway()}/sessions/refresh`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ refreshToken }),
    })
    expect(refreshed.status).toBe(200)
    expect((await system.interrupt()).code).toBe(0)
  })

  it('tells the same password again when the start before died while it made the operator', async () => {
    await rename(file('operator.password'), file('operator.password.new'))
    await start()
    expect(passwordOn(system.screen())).toBe(password)
    expect(rolesOf(await signIn(gateway(), 'operator', password))).toContain('operator')
    expect((await system.interrupt()).code).toBe(0)
  })
})

describe('a first start that is killed', () => {
  it('while it makes the operator leaves nothing that the next one does not end', async () => {
    const folder = await dataFolder()
    const draft = path.join(folder, 'operator.password.new')
    const killed = launch({ DATA_DIR: folder })
    let password = ''
    await eventually(
      async () => {
        password = (await readFile(draft, 'utf8')).trim()
      },
      { withinMs: 40_000 },
    )
    killed.signal('SIGKILL')
    await killed.ended
    const second = await ready({ DATA_DIR: folder })
    expect(passwordOn(second.screen())).toBe(password)
    const tokens = await signIn(second.addressOf('start here'), 'operator', password)
    expect(rolesOf(tokens)).toContain('operator')
    expect((await second.interrupt()).code).toBe(0)
  })
})
