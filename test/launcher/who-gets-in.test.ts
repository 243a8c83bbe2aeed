import { readdir, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import postgres from 'postgres'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { isAlive } from '../../src/local/postgres/process-identity.ts'
import { callersOf, registry, serviceNames } from '../../src/registry.ts'
import {
  childrenOf,
  dataFolder,
  environmentOf,
  launch,
  pidOf,
  serverPid,
  type Launcher,
} from '../lab/launcher.ts'
import { markedPerson, tellingLines } from '../lab/marked-person.ts'
import { shop, shopWhileItFails } from '../lab/shopping.ts'
import { eventually } from '../lab/wait.ts'
import { authorized, claimsOf, command, post, rolesOf, signIn, signUp } from './people.ts'

vi.setConfig({ testTimeout: 60_000 })

/** One system serves all tests, because its start takes longest. */
let folder: string
let system: Launcher
/** The operator's, as the killed start has left it. */
let password: string
const secrets: string[] = []

const passwordOn = (screen: string) => /^ +password (\S+) +shown this once/m.exec(screen)?.[1] ?? ''
const isPrivate = async (name: string) => ((await stat(name)).mode & 0o777) === 0o600
const file = (name: string) => path.join(folder, name)
const readLogs = async () =>
  Promise.all(
    (await readdir(file('logs'))).map((name) => readFile(file(path.join('logs', name)), 'utf8')),
  )
const gateway = () => system.addressOf('start here')

describe('a first start that is killed while it makes the operator', () => {
  const variables = () => ({ DATA_DIR: folder, LOG_LEVEL: 'trace', KEY_POLL_MS: '300' })
  let killed: Launcher
  let leftServer: number

  beforeAll(async () => {
    folder = await dataFolder()
    killed = launch(variables())
    await eventually(
      async () => {
        password = (await readFile(file('operator.password.new'), 'utf8')).trim()
      },
      { withinMs: 40_000, everyMs: 10 },
    )
    // It gets no further while the test looks around.
    killed.signal('SIGSTOP')
  })

  it('takes its services with it, but not Postgres', async () => {
    const server = (await serverPid(folder)) as number
    const services = (await childrenOf(killed.pid)).filter((pid) => pid !== server)
    expect(services).toHaveLength(serviceNames.length)
    killed.signal('SIGKILL')
    await killed.ended
    await eventually(() => expect(services.filter(isAlive)).toEqual([]))
    expect(isAlive(server)).toBe(true)
    expect(killed.screen()).not.toContain(password)
    leftServer = server
  })

  it('leaves nothing that the next one does not end, which takes over its Postgres', async () => {
    system = launch(variables())
    await system.sees(/logs .*\n\n/)
    expect(system.screen()).toContain('Postgres: taken over from a killed run')
    expect(await serverPid(folder)).toBe(leftServer)
    expect(passwordOn(system.screen())).toBe(password)
    const tokens = await signIn(gateway(), 'operator', password)
    expect(rolesOf(tokens)).toContain('operator')
  })
})

describe('who gets in after npm start', () => {
  it('is told once: an operator with a password that is kept for the owner of the folder', async () => {
    expect(system.screen()).toMatch(
      /^ {2}operator +username operator +may see and mend everything$/m,
    )
    expect(password).toHaveLength(24)
    expect(passwordOn(system.screen())).toBe(password)
    expect((await readFile(file('operator.password'), 'utf8')).trim()).toBe(password)
    expect(await isPrivate(file('operator.password'))).toBe(true)
    const tokens = await signIn(gateway(), 'operator', password)
    expect(rolesOf(tokens)).toContain('operator')
    expect(claimsOf(tokens)).toMatchObject({ iss: `${gateway()}/identity` })
    const acts = await fetch(`${gateway()}/acts/billing`, { headers: authorized(tokens) })
    expect(acts.status).toBe(200)
    const guess = { username: 'operator', password: `${password}x` }
    expect((await post(`${gateway()}/sessions`, guess)).status).toBe(401)
    secrets.push(password, tokens.accessToken, tokens.refreshToken)
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
    const signers = serviceNames.filter((name) =>
      serviceNames.some((called) => callersOf(called).includes(name)),
    )
    expect(Object.keys(kept).toSorted()).toEqual(signers.toSorted())
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
})

describe('a command in another terminal, while everything runs,', () => {
  const mashasPassword = 'plums in the icebox'
  const run = (...args: string[]) => command(args, { DATA_DIR: folder })
  const rolesOfMasha = async () => rolesOf(await signIn(gateway(), 'masha', mashasPassword))
  const kids = async () => {
    const { keys } = (await (await fetch(`${gateway()}/identity/jwks`)).json()) as {
      readonly keys: readonly { readonly kid: string }[]
    }
    return keys.map(({ kid }) => kid)
  }

  beforeAll(async () => {
    await signUp(gateway(), 'masha', mashasPassword)
    secrets.push(mashasPassword)
  })

  it('makes an operator of somebody who signed up, and ends that', async () => {
    expect(await rolesOfMasha()).toEqual([])
    const made = await run('operator', 'Masha')
    expect(made).toMatchObject({ code: 0, errors: '' })
    expect(made.output).toMatch(/^masha now has: operator\./)
    expect(await rolesOfMasha()).toEqual(['operator'])
    expect(await run('operator', 'masha')).toMatchObject({ code: 0, errors: '' })
    expect((await run('operator', 'masha', 'end')).output).toMatch(/^masha now has: no role\./)
    expect(await rolesOfMasha()).toEqual([])
  })

  it('makes a teller, by the address of the database as well', async () => {
    const environment = await environmentOf(await pidOf(system.pid, 'identity'))
    const DATABASE_URL = environment.find((entry) => entry.startsWith('DATABASE_URL='))?.slice(13)
    const made = await command(['teller', 'masha'], { DATABASE_URL: DATABASE_URL ?? '' })
    expect(made).toMatchObject({ code: 0, errors: '' })
    expect(await rolesOfMasha()).toEqual(['teller'])
  })

  it('says that there is no such login', async () => {
    const { code, output, errors } = await run('operator', 'nobody')
    expect([code === 0, output]).toEqual([false, ''])
    expect(errors).toMatch(/^orderly operator: there is no login with the name nobody: .*\n$/)
  })

  it('lets in a user of before there were logins, and gives another password', async () => {
    const id = '019aa0b6-50f3-7a00-8b3d-1c2d3e4f5061'
    const made = await run('login', id, 'anna', 'anna@example.com')
    expect(made).toMatchObject({ code: 0, errors: '' })
    const passwordIn = (text: string) => / password ([\w-]{24}) /.exec(text)?.[1] ?? ''
    const first = passwordIn(made.output)
    expect(claimsOf(await signIn(gateway(), 'anna', first))['sub']).toBe(id)
    const again = await run('login', id, 'anna', 'anna@example.com')
    expect(again).toMatchObject({ code: 78, output: '' })
    expect(again.errors).toBe(
      `orderly login: the user ${id} has a login already, with the name anna\n`,
    )
    const changed = await run('password', 'anna')
    expect(changed).toMatchObject({ code: 0, errors: '' })
    const second = passwordIn(changed.output)
    await signIn(gateway(), 'anna', second)
    expect(second).not.toBe(first)
    secrets.push(first, second)
  })

  it('changes the keys without a restart, and says what happens when', async () => {
    const [before, old] = [await kids(), await signIn(gateway(), 'masha', mashasPassword)]
    const { code, output, errors } = await run('rotate-keys')
    expect([code, errors]).toEqual([0, ''])
    await eventually(async () => expect(await kids()).toHaveLength(before.length + 1))
    const made = (await kids()).find((kid) => !before.includes(kid)) as string
    expect(output).toContain(made)
    expect(output).toMatch(/signs in 120 seconds/)
    expect(output).toMatch(new RegExp(`^${before[0]} +signs$`, 'm'))
    expect(await kids()).toEqual(expect.arrayContaining(before))
    const own = await fetch(`${gateway()}/acts/billing`, { headers: authorized(old) })
    // The token still says who it is, and that is no operator.
    expect(own.status).toBe(403)
  })

  it('tells what is wrong with it in one line', async () => {
    const adminUrl = (await readFile(path.join(folder, 'postgres.url'), 'utf8')).trim()
    const wrong = async (args: readonly string[], variables: Record<string, string>) => {
      const { code, output, errors } = await command(args, variables)
      expect([code === 0, output]).toEqual([false, ''])
      expect(errors.trimEnd().split('\n')).toHaveLength(1)
      expect(errors).not.toContain(new URL(adminUrl).password)
      return errors
    }
    expect(await wrong(['operator', 'masha'], { DATABASE_URL: adminUrl })).toMatch(
      /^orderly operator: the database postgres at \S+ cannot be used \(.*logins.*\)$/m,
    )
    expect(await wrong(['operator', 'masha'], { DATABASE_URL: 'mysql://x' })).toMatch(
      /wrong configuration: DATABASE_URL must look like/,
    )
    expect(await wrong(['rotate-keys'], { DATA_DIR: await dataFolder() })).toMatch(
      /^orderly rotate-keys: nothing runs on \S+: run npm start first, or set DATABASE_URL/,
    )
  })

  it('tells how it is used', async () => {
    for (const args of [['operator'], ['operator', 'masha', 'please'], ['nonsense']]) {
      const { code, output, errors } = await command(args, {})
      expect([code, output]).toEqual([78, ''])
      expect(errors).toMatch(/^usage: main\.ts +everything/)
      expect(errors).toMatch(/\n +main\.ts operator <username> +lets this person/)
    }
  })
})

describe('a shop of people whom no log may name', () => {
  it('goes on while services die and a database refuses a row', async () => {
    const known = await shop(gateway(), markedPerson())
    expect(known).toEqual({ userId: expect.any(String), token: expect.any(String) })
    for (const service of registry.gateway.upstreams) {
      process.kill(await pidOf(system.pid, service), 'SIGKILL')
      await shopWhileItFails(gateway(), markedPerson(), known)
    }
    const url = new URL((await readFile(file('postgres.url'), 'utf8')).trim())
    url.pathname = '/user'
    const sql = postgres(url.href, { max: 1 })
    await sql`alter table users add constraint never check (now() is null) not valid`
    await sql.end()
    await eventually(async () => {
      await shopWhileItFails(gateway(), markedPerson(), known)
      expect((await readLogs()).join('')).toContain('never')
    })
  })
})

describe('the end', () => {
  it('comes within five seconds although a service hangs, also for a Postgres that was taken over', async () => {
    const server = (await serverPid(folder)) as number
    const services = await childrenOf(system.pid)
    process.kill(await pidOf(system.pid, 'billing'), 'SIGSTOP')
    const { code, tookMs } = await system.interrupt()
    expect(code).toBe(0)
    expect(tookMs).toBeLessThan(5_000)
    expect([...services, server].filter(isAlive)).toEqual([])
  })
})

describe('what was secret while everything ran', () => {
  it('is in no log at the most talkative level, neither passwords nor tokens nor keys', async () => {
    const logs = await readLogs()
    expect(logs.join('')).toContain('/sessions')
    for (const secret of secrets) {
      expect(logs.filter((log) => log.includes(secret))).toEqual([])
      const shown = system.screen().split(secret).length - 1
      expect(shown).toBe(secret === password ? 1 : 0)
    }
  })

  it('is in no log and not on the screen: who somebody is', async () => {
    const names = await readdir(file('logs'))
    expect(names).toEqual(expect.arrayContaining(['postgres.log', 'user.log', 'gateway.log']))
    expect(tellingLines((await readLogs()).join('\n'))).toEqual([])
    expect(tellingLines(system.screen())).toEqual([])
  })
})
