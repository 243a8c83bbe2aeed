import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import postgres from 'postgres'
import { describe, expect, it } from 'vitest'
import { isAlive } from '../../src/local/postgres/process-identity.ts'
import { whenFileEnds } from './cleanup.ts'
import { freshDatabase } from './database.ts'
import { startOwnSystem, startSystem, type Way } from './system.ts'
import { eventually } from './wait.ts'

describe('a fresh database', () => {
  it('is migrated, empty, and belongs to the role of its service', async () => {
    const sql = postgres((await freshDatabase('notification')).url, { max: 1 })
    const tables = await sql<{ tableowner: string }[]>`
      select tableowner from pg_tables where schemaname = 'public'`
    await sql.end()
    expect(tables.length).toBeGreaterThan(0)
    expect(new Set(tables.map((table) => table.tableowner))).toEqual(new Set(['notification']))
  })

  it('is closed to the roles of other services', async () => {
    const theirs = new URL((await freshDatabase('notification')).url)
    const ours = new URL((await freshDatabase('billing')).url)
    ours.pathname = theirs.pathname
    const sql = postgres(ours.href, { max: 1 })
    await expect(sql`select 1`).rejects.toThrow(/permission denied for database/)
    await sql.end()
  })

  it('is another one for each who asks, also at the same moment', async () => {
    const made = await Promise.all(Array.from({ length: 8 }, () => freshDatabase('notification')))
    expect(new Set(made.map(({ url }) => url)).size).toBe(8)
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

    // The service writes logs in chunks, a moment later.
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

  it('goes through the links that it is given, and carries the agent that it is given', async () => {
    const ways: string[] = []
    const link = ({ from, to }: Way) => {
      ways.push(`${from} to ${to}`)
      return to === 'database' ? {} : undefined
    }
    const agent = `data:text/javascript,${encodeURIComponent('process.title = "watched"; console.log("agent")')}`
    const services = ['notification', 'billing'] as const
    const system = await startSystem({ services, link, agent, env: { LOG_LEVEL: 'fatal' } })
    expect(ways.toSorted()).toEqual([
      'billing-1 to database',
      'billing-1 to notification',
      'client to gateway',
      'notification-1 to database',
    ])
    expect([...system.links.keys()].toSorted()).toEqual([
      'billing-1→database',
      'notification-1→database',
    ])
    expect(system.links.get('billing-1→database')?.connections()).toBeGreaterThan(0)
    await eventually(() => expect(system.logsOf('billing')).toBe('agent\n'))
    await system.close()
  })

  it('has a Postgres of its own that crashes and comes back, and logs in files', async () => {
    const logFolder = await mkdtemp(path.join(tmpdir(), 'orderly-logs-'))
    whenFileEnds(() => rm(logFolder, { recursive: true }))
    const system = await startOwnSystem({
      services: ['notification'],
      logFolder,
      env: { LOG_LEVEL: 'info' },
    })
    const ready = async () => {
      const { status } = await fetch(`${system.urls.notification}/readyz`)
      expect(status).toBe(200)
    }
    await system.postgres.crash()
    await expect(system.postgres.cutConnections('notification')).rejects.toThrow()
    await system.postgres.start()
    await eventually(ready)
    expect(await system.postgres.cutConnections('notification', 500)).toBeGreaterThan(0)
    await eventually(ready)
    const file = await readFile(path.join(logFolder, 'notification-1.log'), 'utf8')
    expect(file).toContain('"level"')
    expect(system.logsOf('notification').startsWith(file)).toBe(true)
    const { pid } = system.postgres.server()
    await system.close()
    expect(isAlive(pid)).toBe(false)
    expect(existsSync(system.postgres.data.path)).toBe(false)
  }, 90_000)

  it('leaves nothing when whoever started it is killed, not even what stands still', async () => {
    const text = `
      const { startOwnSystem } = await import(${JSON.stringify(new URL('system.ts', import.meta.url))})
      const system = await startOwnSystem({ services: ['notification'] })
      system.pause('notification')
      const pids = [system.process('notification').pid(), system.postgres.server().pid]
      console.log(JSON.stringify({ pids, folder: system.postgres.data.path }))`
    const starter = spawn(process.execPath, ['--input-type=module', '-e', text])
    const said = await new Promise<string>((resolve) => {
      starter.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString()))
    })
    const { pids, folder } = JSON.parse(said) as { pids: number[]; folder: string }
    expect(pids.filter(isAlive)).toEqual(pids)
    starter.kill('SIGKILL')
    await eventually(() => expect(pids.filter(isAlive)).toEqual([]))
    await eventually(() => expect(existsSync(path.dirname(folder))).toBe(false))
  }, 90_000)
})
