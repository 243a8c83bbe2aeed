import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import postgres from 'postgres'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { isAlive } from '../../src/local/postgres/process-identity.ts'
import { rolePassword, runtimeRoleOf } from '../../src/local/postgres/provision.ts'
import { servicesWithDatabase, serviceNames, type ServiceName } from '../../src/registry.ts'
import {
  childrenOf,
  cpuSecondsOf,
  dataFolder,
  environmentOf,
  launch,
  ofEachService,
  serverPid,
  type Launcher,
} from '../lab/launcher.ts'
import { checkQueries, queriesAsked } from '../lab/promql.ts'
import { eventually } from '../lab/wait.ts'
import { authorized, refresh, signIn, signUp, type Tokens } from './people.ts'
import { write, writeUntilRefused, type Sent } from './writers.ts'

const password = 'plums in the icebox'
const writers = 20
/**
 * On two cores the services take three of the four seconds in which all must be ready. The same machine
 * may be a third slower at another time of the day.
 */
const startSeconds = 8
vi.setConfig({ testTimeout: 60_000 })

/** Spans are counted where a collector is named. */
const mayBeAbsent = ['trace_spans_dropped_total']

describe('npm start', () => {
  let folder: string
  let first: Launcher
  let second: Launcher
  let user: { id: string }
  let kept: Tokens
  let written: readonly Sent[]
  let serviceKeys: string
  let firstPort: string | undefined
  let atStart: Partial<Record<ServiceName, number>> = {}

  beforeAll(async () => {
    folder = await dataFolder()
    first = launch({ DATA_DIR: folder })
    await first.sees(/Ready in/)
    await first.sees(/logs .*\n\n/)
    if (process.platform === 'linux') atStart = await ofEachService(first, cpuSecondsOf)
  })

  it('begins with an empty folder, shows durations, and prints addresses that answer', async () => {
    for (const step of ['Postgres', 'databases and roles', 'migrations', 'services']) {
      expect(first.screen()).toMatch(new RegExp(`✓ ${step}.* \\d+\\.\\d\\d s\n`))
    }
    for (const service of serviceNames.filter((name) => name !== 'gateway')) {
      expect((await fetch(`${first.addressOf(service)}/readyz`)).status).toBe(200)
    }
    expect((await fetch(first.addressOf('metrics'))).status).toBe(200)
    expect((await fetch(first.addressOf('Swagger UI'))).status).toBe(200)
    user = await signUp(first.addressOf('start here'), 'kept', password)
    kept = await signIn(first.addressOf('start here'), 'kept', password)
    serviceKeys = await readFile(path.join(folder, 'service-keys.json'), 'utf8')
  })

  // How long a start takes depends on what else the machine does. What it costs does not, so much.
  it.runIf(process.platform === 'linux')(
    'starts so many services for little work, which two cores do in time',
    () => {
      const spent = Object.values(atStart).reduce((sum, seconds) => sum + seconds, 0)
      expect(spent, JSON.stringify(atStart)).toBeLessThan(startSeconds)
    },
  )

  it('has every metric, and every label, that a board, a rule or an alert asks for', async () => {
    const places = ['metrics', ...serviceNames.filter((name) => name !== 'gateway')]
    const texts = await Promise.all(
      places.map(async (place) => {
        const url = first.addressOf(place)
        const answer = await fetch(place === 'metrics' ? url : `${url}/metrics`)
        return answer.text()
      }),
    )
    const { complaints } = checkQueries(queriesAsked(), texts)
    expect(complaints.filter((each) => !mayBeAbsent.some((name) => each.includes(name)))).toEqual(
      [],
    )
  })

  it("shows neither colours nor the services' usual log lines on a screen that is no terminal", () => {
    expect(first.screen()).not.toContain('\x1b')
    expect(first.screen()).not.toContain('listening')
  })

  it("writes the services' whole logs to the data folder", async () => {
    const log = await readFile(path.join(folder, 'logs', 'order.log'), 'utf8')
    expect(log).toContain('listening')
  })

  it('keeps the passwords where only their owner reads them, and off the screen', async () => {
    for (const name of ['postgres-password', 'postgres.url']) {
      expect((await stat(path.join(folder, name))).mode & 0o077).toBe(0)
    }
    const password = (await readFile(path.join(folder, 'postgres-password'), 'utf8')).trim()
    expect(first.screen()).not.toContain(password)
  })

  it('lets no service into the database of another', async () => {
    const adminUrl = (await readFile(path.join(folder, 'postgres.url'), 'utf8')).trim()
    const role = runtimeRoleOf('order')
    const password = rolePassword(decodeURIComponent(new URL(adminUrl).password), role)
    const connectTo = async (database: string) => {
      const url = new URL(adminUrl)
      url.username = role
      url.password = password
      url.pathname = `/${database}`
      const sql = postgres(url.href, { max: 1 })
      try {
        return (await sql`select current_user as who`)[0]?.['who'] as string
      } finally {
        await sql.end()
      }
    }
    expect(await connectTo('order')).toBe(role)
    const others = servicesWithDatabase.filter((name) => name !== 'order')
    for (const other of [...others, 'postgres', 'template1']) {
      await expect(connectTo(other), other).rejects.toThrow(/permission denied for database/)
    }
  })

  it('has a Postgres that keeps plans and memory from one statement to the next, and waits for the disk', async () => {
    const adminUrl = (await readFile(path.join(folder, 'postgres.url'), 'utf8')).trim()
    const sql = postgres(adminUrl, { max: 1 })
    try {
      const rows = await sql<{ name: string; setting: string }[]>`select name, setting
        from pg_settings where name in ('plan_cache_mode', 'fsync', 'synchronous_commit')`
      expect(Object.fromEntries(rows.map(({ name, setting }) => [name, setting]))).toEqual({
        plan_cache_mode: 'force_generic_plan',
        fsync: 'on',
        synchronous_commit: 'on',
      })
    } finally {
      await sql.end()
    }
    const environment = await environmentOf((await serverPid(folder)) as number)
    expect(environment).toContain(`MALLOC_TRIM_THRESHOLD_=${4 << 20}`)
    expect(environment).toContain(`MALLOC_MMAP_THRESHOLD_=${1 << 20}`)
  })

  it('refuses a second launcher on the same data, and the first one goes on', async () => {
    const second = launch({ DATA_DIR: folder })
    expect(await second.ended).toBe(1)
    expect(second.errors()).toMatch(/already running .* set DATA_DIR to another folder\n$/)
    expect((await fetch(`${first.addressOf('start here')}/readyz`)).status).toBe(200)
  })

  it('on Ctrl-C while many write: stops everything within five seconds, Postgres included', async () => {
    const gateway = first.addressOf('start here')
    const who = authorized(kept)
    const account = `${gateway}/billing/accounts/${user.id}`
    await write(`${account}/deposit`, { body: { amount: 1e12 }, who, agent: false })
    const server = (await serverPid(folder)) as number
    const processes = [...(await childrenOf(first.pid)), server]
    expect(processes.filter(isAlive)).toEqual(processes)
    firstPort = first.addressOf('Postgres')

    const order = { userId: user.id, price: 1 }
    const { sent, ended } = writeUntilRefused(`${gateway}/orders`, order, who, writers)
    await eventually(() => expect(sent.length).toBeGreaterThan(5 * writers))
    const { code, tookMs } = await first.interrupt()
    await ended
    written = sent
    expect(code, first.screen()).toBe(0)
    expect(tookMs).toBeLessThan(5_000)
    expect(processes.filter(isAlive)).toEqual([])
    // The file exists while a server runs or after it was killed.
    expect(await serverPid(folder)).toBeUndefined()
  })

  it('has answered every request that it accepted, and refused the others at the gateway', async () => {
    const log = await readFile(path.join(folder, 'logs', 'gateway.log'), 'utf8')
    expect(written.filter(({ told }) => told === 201).length).toBeGreaterThan(writers)
    expect(written.filter(({ told }) => Number(told) >= 500)).toEqual([])
    const unanswered = written.filter(
      ({ told }) => typeof told === 'string' && told !== 'ECONNREFUSED',
    )
    // A request that the gateway read has an answer. One that it did not read may have none.
    expect(unanswered.filter(({ id }) => log.includes(id))).toEqual([])
  })

  it('keeps the data, and the address of Postgres, for the next start', async () => {
    second = launch({ DATA_DIR: folder })
    await second.sees(/logs .*\n\n/)
    const gateway = second.addressOf('start here')
    expect((await refresh(gateway, kept)).status).toBe(200)
    const headers = authorized(await signIn(gateway, 'kept', password))
    const response = await fetch(`${gateway}/users/${user.id}`, { headers })
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ username: 'kept', account: 'OPEN' })
    expect(second.addressOf('Postgres')).toBe(firstPort)
  })

  it('keeps the keys of the services and the operator, and only says where the password is', async () => {
    expect(await readFile(path.join(folder, 'service-keys.json'), 'utf8')).toBe(serviceKeys)
    const passwordFile = path.join(folder, 'operator.password')
    const ofOperator = (await readFile(passwordFile, 'utf8')).trim()
    expect(first.screen()).toContain(ofOperator)
    expect(second.screen()).not.toContain(ofOperator)
    expect(second.screen()).not.toMatch(/✓ operator/)
    expect(second.addressOf('operator')).toBe(passwordFile)
    await signIn(second.addressOf('start here'), 'operator', ofOperator)

    // npm sends a second Ctrl-C right after the terminal's: it must still stop in good order.
    second.signal('SIGINT')
    const { code } = await second.interrupt()
    expect(code).toBe(0)
    expect(second.screen()).toContain('Everything is stopped.')
  })

  it('leaves nothing behind when it is stopped while it starts', async () => {
    const third = launch({ DATA_DIR: folder })
    await third.sees('✓ Postgres')
    third.signal('SIGTERM')
    expect(await third.ended, third.screen()).toBe(0)
    expect(await serverPid(folder)).toBeUndefined()
  })
})
