import postgres from 'postgres'
import { describe, expect, it } from 'vitest'
import { isAlive } from '../../src/local/postgres/process-identity.ts'
import { freshDatabase } from './postgres.ts'
import { startSystem } from './system.ts'
import { eventually } from './wait.ts'

describe('a fresh database', () => {
  it('is migrated, empty, and belongs to the role of its service', async () => {
    const sql = postgres(await freshDatabase('notification'), { max: 1 })
    const tables = await sql<{ tableowner: string }[]>`
      select tableowner from pg_tables where schemaname = 'public'`
    await sql.end()
    expect(tables.length).toBeGreaterThan(0)
    expect(new Set(tables.map((table) => table.tableowner))).toEqual(new Set(['notification']))
  })

  it('is closed to the roles of other services', async () => {
    const theirs = new URL(await freshDatabase('notification'))
    const ours = new URL(await freshDatabase('billing'))
    ours.pathname = theirs.pathname
    const sql = postgres(ours.href, { max: 1 })
    await expect(sql`select 1`).rejects.toThrow(/permission denied for database/)
    await sql.end()
  })

  it('is another one for each who asks, also at the same moment', async () => {
    const urls = await Promise.all(Array.from({ length: 8 }, () => freshDatabase('notification')))
    expect(new Set(urls).size).toBe(8)
  })
})

describe('a system of real processes', () => {
  it('answers, dies, comes back on the same port, pauses, and leaves nothing behind', async () => {
    const system = await startSystem({ services: ['notification'] })
    const health = () =>
      fetch(`${system.urls.notification}/healthz`, { signal: AbortSignal.timeout(500) })
    expect((await health()).status).toBe(200)

    await system.kill('notification')
    await expect(health()).rejects.toThrow()
    await system.start('notification')
    expect((await health()).status).toBe(200)

    system.pause('notification')
    await expect(health()).rejects.toThrow()
    system.resume('notification')
    expect((await eventually(health)).status).toBe(200)

    // Logs are written in chunks, a moment later.
    await eventually(() => expect(system.logsOf('notification')).toContain('"level"'))
    const pid = system.processes[0]?.pid() as number
    await system.close()
    expect(isAlive(pid)).toBe(false)
  })

  it('has one address for two replicas, which goes on when one of them dies', async () => {
    const system = await startSystem({ services: ['notification'], replicas: 2 })
    const ask = async () => {
      const headers = { connection: 'close' }
      return (await fetch(`${system.urls.notification}/healthz`, { headers })).status
    }
    const askOften = async () => {
      for (let times = 0; times < 6; times += 1) expect(await ask()).toBe(200)
    }
    await askOften()
    await system.kill('notification', 0)
    await askOften()
    await system.start('notification', 0)
    await system.kill('notification', 1)
    await askOften()
    await system.kill('notification', 0)
    await expect(ask()).rejects.toThrow()
    await system.close()
  })
})
