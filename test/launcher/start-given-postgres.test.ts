import { readdir } from 'node:fs/promises'
import postgres from 'postgres'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { openDataFolder } from '../../src/local/postgres/data-folder.ts'
import { startEmbeddedPostgres } from '../../src/local/postgres/embedded.ts'
import { servicesWithDatabase } from '../../src/registry.ts'
import { whenFileEnds } from '../lab/cleanup.ts'
import { dataFolder, launch } from '../lab/launcher.ts'
import { freshDatabase } from '../lab/database.ts'

/** A server that the launcher did not start. */
let url: string

beforeAll(async () => {
  const server = await startEmbeddedPostgres({ data: openDataFolder(await dataFolder()) })
  whenFileEnds(() => server.stop())
  url = server.url
})

const expectWorking = async (gateway: string) =>
  expect((await fetch(`${gateway}/readyz`)).status).toBe(200)

vi.setConfig({ testTimeout: 60_000 })

describe('a given Postgres', () => {
  it('is not changed when it has a role of the same name already, and the launcher says so', async () => {
    const sql = postgres(url, { max: 1 })
    await sql.unsafe(`create role billing login password 'theirs'`)
    const system = launch({ DATA_DIR: await dataFolder(), DATABASE_URL: url })
    expect(await system.ended).toBe(1)
    expect(system.errors()).toMatch(/^the Postgres of DATABASE_URL has a role "billing" that/)
    await sql.end()
    const theirs = new URL(url)
    theirs.username = 'billing'
    theirs.password = 'theirs'
    const asBilling = postgres(theirs.href, { max: 1 })
    expect(await asBilling`select 1 as one`).toEqual([{ one: 1 }])
    await asBilling.end()
    const admin = postgres(url, { max: 1 })
    await admin`drop role billing`
    await admin.end()
  })

  it('gets databases and roles by DATABASE_URL, again and again, also from an administrator who is no superuser', async () => {
    const sql = postgres(url, { max: 1, onnotice: () => {} })
    whenFileEnds(() => sql.end())
    await sql.unsafe(`create role boss login createdb createrole password 'boss'`)
    const bossUrl = new URL(url)
    bossUrl.username = 'boss'
    bossUrl.password = 'boss'

    const first = launch({ DATA_DIR: await dataFolder(), DATABASE_URL: bossUrl.href })
    await first.sees('✓ migrations')
    first.signal('SIGTERM')
    expect(await first.ended).toBe(0)

    const folder = await dataFolder()
    const second = launch({ DATA_DIR: folder, DATABASE_URL: bossUrl.href })
    await second.sees(/logs .*\n\n/)
    await expectWorking(second.addressOf('start here'))
    expect(await readdir(folder)).not.toContain('postgres')
    expect((await second.interrupt()).code).toBe(0)
    const owners = await sql`
      select datname, pg_get_userbyid(datdba) as owner from pg_database
      where datname in ${sql(servicesWithDatabase)} order by datname`
    expect(owners.map(({ datname, owner }) => [datname as string, owner as string])).toEqual(
      servicesWithDatabase.toSorted().map((name) => [name, name]),
    )
  })

  it('is used as it is, with one role for everything, by a variable for each service', async () => {
    const folder = await dataFolder()
    const variables: Record<string, string> = {}
    for (const service of servicesWithDatabase) {
      variables[`${service.toUpperCase()}_DATABASE_URL`] = (await freshDatabase(service)).ownerUrl
    }
    const system = launch({ DATA_DIR: folder, ...variables })
    await system.sees(/logs .*\n\n/)
    await expectWorking(system.addressOf('start here'))
    expect(system.screen()).not.toMatch(/✓ (Postgres|databases)/)
    expect(await readdir(folder)).not.toContain('postgres')
    expect((await system.interrupt()).code).toBe(0)
  })
})
