import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { servicesWithDatabase } from '../../src/registry.ts'
import { startBehindLinks } from '../lab/behind-links.ts'
import { markedPerson } from '../lab/marked-person.ts'
import { sendMistakes, shopWhileItFails, writeAboutBooking } from '../lab/shopping.ts'

vi.setConfig({ testTimeout: 120_000 })

/** While the services fail, in all ways: `logs-name-nobody-in-failure.campaign.test.ts`. */
describe('the logs of the services, at level debug', () => {
  const person = markedPerson()
  let run: Awaited<ReturnType<typeof startBehindLinks>>

  beforeAll(async () => {
    run = await startBehindLinks(person)
  }, 90_000)
  afterAll(() => run.close())

  it('name no person, neither in normal use nor when people send mistakes', async () => {
    const { gateway, known, system } = run
    expect(known).toEqual({ userId: expect.any(String), token: expect.any(String) })
    await sendMistakes(gateway, person, known)
    await writeAboutBooking(system.urls.notification, person)
    expect(await run.linesThatTell()).toEqual([])
  })

  it('name no person while the called service refuses with all that it was told', async () => {
    const { user } = person
    const body = JSON.stringify({ ...user, code: 'x', account: user, said: [user] })
    await run.shopWhileEachFails({ status: 422, body })
    expect(await run.linesThatTell()).toEqual([])
  })

  it('name no person while the databases refuse every row, and quote it', async () => {
    const databases = servicesWithDatabase.map((name) => run.system.databases[name] as string)
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
    await shopWhileItFails(run.gateway, markedPerson(), run.known)
    await writeAboutBooking(run.system.urls.notification, person)
    expect(await run.linesThatTell()).toEqual([])
    expect(run.system.logsOf('user')).toContain('never')
  })
})
