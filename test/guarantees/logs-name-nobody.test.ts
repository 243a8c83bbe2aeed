import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { registry, servicesWithDatabase, type ServiceName } from '../../src/registry.ts'
import { dataFolder, launch, pidOf } from '../lab/launcher.ts'
import { markedPerson, tellingLines, type MarkedPerson } from '../lab/marked-person.ts'
import { startSystem, type System } from '../lab/system.ts'
import { startUpstream, type Behaviour, type Upstream } from '../lab/upstream.ts'
import { eventually } from '../lab/wait.ts'

vi.setConfig({ testTimeout: 120_000 })

interface Asked {
  readonly method?: string
  readonly body?: unknown
  readonly key?: string | undefined
  /** Shown instead of the token that the route needs. */
  readonly token?: string | undefined
}

/** Sends a request with the data of that person. The answer does not matter here. */
const ask = async (
  url: string,
  { headers: always }: MarkedPerson,
  { method, body, key, token }: Asked = {},
) => {
  const asked = {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: {
      ...always,
      'content-type': 'application/json',
      ...(key === undefined ? {} : { 'idempotency-key': key }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    signal: AbortSignal.timeout(800),
  }
  const response = await fetch(url, asked).catch(() => undefined)
  const text = (await response?.text().catch(() => '')) ?? ''
  // Links with faults may cut an answer, so it may be half a text.
  const found = (name: string) => new RegExp(`"${name}":"([^"]+)"`).exec(text)?.[1]
  return { id: found('id'), accessToken: found('accessToken'), refreshToken: found('refreshToken') }
}

/** Signs in, guesses, refreshes and leaves. Returns the last access token. */
const visit = async (gateway: string, person: MarkedPerson) => {
  const { username, password } = person.user
  await ask(`${gateway}/sessions`, person, { body: { username, password: `${password}x` } })
  const { refreshToken } = await ask(`${gateway}/sessions`, person, {
    body: { username, password },
  })
  const body = { refreshToken }
  const { accessToken, refreshToken: next } = await ask(`${gateway}/sessions/refresh`, person, {
    body,
  })
  await ask(`${gateway}/sessions/refresh`, person, { body })
  await ask(`${gateway}/sessions/end`, person, { body: { refreshToken: next } })
  return accessToken
}

/** Short timeouts, so that requests through faulty links end soon. */
const shortTimeouts = {
  LOG_LEVEL: 'debug',
  PASSWORD_MEMORY_KIB: '1024',
  REQUEST_BUDGET_MS: '300',
  CALL_TIMEOUT_MS: '200',
  LETTER_BUDGET_MS: '250',
  LEASE_MS: '700',
  RECOVERY_INTERVAL_MS: '100',
  STATEMENT_TIMEOUT_MS: '1000',
}

/** Who shops while the services fail: nobody can sign up then. */
interface Known {
  readonly userId?: string
  readonly token?: string
}

/** Makes a user, signs in, deposits money, places an order of each kind and changes them. */
const shop = async (gateway: string, person: MarkedPerson, known: Known = {}) => {
  const created = await ask(`${gateway}/users`, person, { body: person.user, key: person.key() })
  const visited = await visit(gateway, person)
  const { userId = created.id ?? '', token = visited } = known
  const account = `${gateway}/billing/accounts/${userId}`
  await ask(`${account}/deposit`, person, { body: { amount: 900 }, key: person.key(), token })
  const { description } = person
  const order = (price: number) => {
    const body = { userId, price, description }
    return ask(`${gateway}/orders`, person, { body, key: person.key(), token })
  }
  const { id } = await order(100)
  await order(1_000_000)
  await ask(`${gateway}/orders/${id}`, person, { method: 'PATCH', body: { price: 50 }, token })
  await ask(`${gateway}/orders/${id}`, person, { method: 'DELETE', token })
  return { userId, ...(token === undefined ? {} : { token }) }
}

/** Sends what people send by mistake, or to see what happens. */
const sendMistakes = async (gateway: string, person: MarkedPerson, { userId, token }: Known) => {
  const { user, description } = person
  await ask(`${gateway}/sessions`, person, { body: { ...user } })
  await ask(`${gateway}/sessions`, person, { body: { username: user.email, password: user.phone } })
  await ask(`${gateway}/sessions/end`, person, { body: { refreshToken: user.password } })
  await ask(`${gateway}/users/${userId}`, person, { token: `${token}${user.username}` })
  await ask(`${gateway}/users/${userId}`, person, { token: user.email })
  await ask(`${gateway}/users`, person, { body: user })
  await ask(`${gateway}/users`, person, { body: { ...user, [user.email]: user.lastName } })
  await ask(`${gateway}/users`, person, { body: `{"email":"${user.email}",${user.firstName}` })
  await ask(`${gateway}/users`, person, { body: { ...user, phone: [user.phone] } })
  await ask(`${gateway}/orders`, person, { body: { userId, price: description }, token })
  await ask(`${gateway}/orders`, person, {
    body: { userId, price: 1 },
    key: `bad key ${user.email}`,
    token,
  })
  await ask(`${gateway}/notifications?email=${encodeURIComponent(user.email)}`, person, { token })
  await ask(`${gateway}/users/${encodeURIComponent(user.email)}`, person, { token })
  await ask(`${gateway}/users/${user.email}`, person, { token })
}

describe('the logs of the services, at level debug', () => {
  const person = markedPerson()
  let system: System
  let door: System
  let gateway: string
  let known: Known
  const links: Partial<Record<ServiceName, Upstream>> = {}

  beforeAll(async () => {
    const linked = ['identity', 'billing', 'notification', 'user', 'order'] as const
    for (const name of linked) links[name] = await startUpstream(() => system.urls[name])
    const upstreams = Object.fromEntries(
      linked.map((name) => [name, (links[name] as Upstream).url]),
    )
    // One name of the issuer for both parts of the system.
    const env = { ...shortTimeouts, PUBLIC_URL: 'http://orderly.test' }
    system = await startSystem({ services: linked, upstreams, env })
    // The gateway is ready only when the services behind it are, and they are behind its links.
    const keys = `${upstreams['identity']}/identity/jwks`
    door = await startSystem({
      services: ['gateway'],
      upstreams,
      env: { ...env, JWKS_URL: keys },
    })
    gateway = door.urls.gateway
    known = await shop(gateway, person)
  }, 90_000)
  afterAll(() => Promise.all([system.close(), door.close()]))

  const expectNobody = async () => {
    // A log line may stay in a buffer for 200 ms.
    await new Promise((resolve) => setTimeout(resolve, 500))
    for (const process of [...system.processes, ...door.processes]) {
      const log = process.logs()
      expect(tellingLines(log), process.service).toEqual([])
      expect(log, process.service).toContain('listening')
    }
  }

  it('name no person, neither in normal use nor when people send mistakes', async () => {
    expect(known).toEqual({ userId: expect.any(String), token: expect.any(String) })
    await sendMistakes(gateway, person, known)
    await expectNobody()
  })

  const echo = (status: number): Behaviour => ({
    status,
    body: JSON.stringify({ ...person.user, code: 'x', account: person.user, said: [person.user] }),
  })
  const failures: [string, Behaviour][] = [
    ['refuses', 'refuse'],
    ['loses its answers', 'drop-answer'],
    ['hangs', 'hang'],
    ['answers 500', echo(500)],
    ['refuses with all that it was told', echo(422)],
    ['answers 409 with all that it was told', echo(409)],
    ['answers with something else', echo(200)],
    ['answers with half a text', { status: 200, body: `{"email":"${person.user.email}` }],
  ]
  it.each(failures)('name no person while the called service %s', async (_how, behaviour) => {
    for (const name of Object.keys(links) as ServiceName[]) {
      links[name]?.behave(behaviour)
      await shop(gateway, markedPerson(), known)
      links[name]?.behave('forward')
    }
    await expectNobody()
  })

  it('name no person while the databases refuse every row, and quote it', async () => {
    const databases = servicesWithDatabase.map((name) => system.databases[name] as string)
    for (const url of databases) {
      const asAdmin = new URL(inject('adminUrl'))
      asAdmin.pathname = new URL(url).pathname
      const sql = postgres(asAdmin.href, { max: 1, onnotice: () => {} })
      const tables = await sql<{ name: string }[]>`select table_name as name
        from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`
      for (const { name } of tables) {
        await sql`alter table ${sql(name)} add constraint never check (now() is null) not valid`
      }
      await sql.end()
    }
    await shop(gateway, markedPerson(), known)
    await expectNobody()
    expect(system.logsOf('user')).toContain('never')
  })
})

describe('the files and the screen of the launcher', () => {
  const readLogs = async (folder: string) => {
    const names = await readdir(path.join(folder, 'logs'))
    const texts = names.map((name) => readFile(path.join(folder, 'logs', name), 'utf8'))
    return { names, text: (await Promise.all(texts)).join('\n') }
  }

  it('name no person while services die and a database refuses a row', async () => {
    const folder = await dataFolder()
    const system = launch({ DATA_DIR: folder, ...shortTimeouts })
    await system.sees(/logs .*\n\n/)
    const gateway = system.addressOf('start here')
    const known = await shop(gateway, markedPerson())
    for (const service of registry.gateway.upstreams) {
      process.kill(await pidOf(system.pid, service), 'SIGKILL')
      await shop(gateway, markedPerson(), known)
    }
    const url = new URL((await readFile(path.join(folder, 'postgres.url'), 'utf8')).trim())
    url.pathname = '/user'
    const sql = postgres(url.href, { max: 1 })
    await sql`alter table users add constraint never check (now() is null) not valid`
    await sql.end()
    await eventually(async () => {
      await shop(gateway, markedPerson(), known)
      expect((await readLogs(folder)).text).toContain('never')
    })
    await system.interrupt()
    const { names, text } = await readLogs(folder)
    expect(names).toEqual(expect.arrayContaining(['postgres.log', 'user.log', 'gateway.log']))
    expect(tellingLines(text)).toEqual([])
    expect(tellingLines(system.screen())).toEqual([])
  })
})
