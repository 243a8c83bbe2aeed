import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { servicesWithDatabase, type ServiceName } from '../../src/registry.ts'
import { markedPerson, tellingLines } from '../lab/marked-person.ts'
import {
  sendMistakes,
  shop,
  shopWhileItFails,
  writeAboutBooking,
  type Known,
} from '../lab/shopping.ts'
import { startSystem, type System } from '../lab/system.ts'
import { startUpstream, type Behaviour, type Upstream } from '../lab/upstream.ts'

vi.setConfig({ testTimeout: 120_000 })

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

describe('the logs of the services, at level debug', () => {
  const person = markedPerson()
  let system: System
  let door: System
  let gateway: string
  let known: Known
  const links: Partial<Record<ServiceName, Upstream>> = {}

  beforeAll(async () => {
    const linked = servicesWithDatabase
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
    await writeAboutBooking(system.urls.notification, person)
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
      await shopWhileItFails(gateway, markedPerson(), known)
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
    await shopWhileItFails(gateway, markedPerson(), known)
    await writeAboutBooking(system.urls.notification, person)
    await expectNobody()
    expect(system.logsOf('user')).toContain('never')
  })
})
