import { spawn } from 'node:child_process'
import { readFile, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import postgres from 'postgres'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { isAlive } from '../../src/local/postgres/process-identity.ts'
import { runtimeRoleOf } from '../../src/local/postgres/provision.ts'
import { serviceNames } from '../../src/registry.ts'
import { whenFileEnds } from '../lab/cleanup.ts'
import { childrenOf, dataFolder, launch, pidOf, serverPid, type Launcher } from '../lab/launcher.ts'
import { eventually } from '../lab/wait.ts'

const expectReady = async (address: string) =>
  expect((await fetch(`${address}/readyz`, { signal: AbortSignal.timeout(1_000) })).status).toBe(
    200,
  )

vi.setConfig({ testTimeout: 60_000 })

/** The tests use the same data one after the other, because making new data takes longest. */
describe('a started system', () => {
  let folder: string
  let system: Launcher
  /** What a server that runs tells about itself, and a killed one leaves. */
  let leftBehind: string
  const pidFile = () => path.join(folder, 'postgres', 'postmaster.pid')

  beforeAll(async () => {
    folder = await dataFolder()
    system = launch({ DATA_DIR: folder })
    await system.sees(/logs .*\n\n/)
  })

  it('starts a service that died again, says so in one line, and waits longer the next time', async () => {
    const before = system.screen().length
    process.kill(await pidOf(system.pid, 'order'), 'SIGKILL')
    await system.sees('order is ready again after')
    await expectReady(system.addressOf('order'))
    const said = system.screen().slice(before).trim().split('\n')
    expect(said[0]).toBe('order was killed (SIGKILL); starting it again in 0.2 s')
    expect(said.filter((line) => line.startsWith('order'))).toHaveLength(2)

    process.kill(await pidOf(system.pid, 'order'), 'SIGKILL')
    await system.sees(/order was killed \(SIGKILL\); starting it again in 0\.4 s/)
    await eventually(() => expectReady(system.addressOf('start here')))
  })

  it('starts Postgres again when that died', async () => {
    const pid = (await serverPid(folder)) as number
    process.kill(pid, 'SIGQUIT')
    await system.sees(
      /Postgres ended by itself; starting it again\n(.*\n)*Postgres is back on port/,
    )
    const next = (await serverPid(folder)) as number
    expect(next).not.toBe(pid)
    expect(isAlive(next)).toBe(true)
    await eventually(() => expectReady(system.addressOf('start here')))
  })

  it('ends at the second Ctrl-C without waiting for anything', async () => {
    leftBehind = await readFile(pidFile(), 'utf8')
    const processes = await childrenOf(system.pid)
    // The services, and Postgres.
    expect(processes).toHaveLength(serviceNames.length + 1)
    // The launcher would wait for a service that does not react.
    process.kill(await pidOf(system.pid, 'billing'), 'SIGSTOP')
    system.signal('SIGINT')
    await sleep(600)
    const { tookMs } = await system.interrupt()
    expect(tookMs).toBeLessThan(1_000)
    await eventually(() => expect(processes.filter(isAlive)).toEqual([]), { withinMs: 3_000 })
  })

  it('starts although another program has the process id of a dead server', async () => {
    // Postgres itself takes no notice of a process that belongs to another user.
    const { uid, gid } = await stat(path.dirname(pidFile()))
    const bystander = spawn('sleep', ['600'], { uid, gid })
    whenFileEnds(() => bystander.kill('SIGKILL'))
    const [, ...lines] = leftBehind.split('\n')
    await writeFile(pidFile(), [String(bystander.pid), ...lines].join('\n'))

    system = launch({ DATA_DIR: folder })
    await system.sees('✓ Postgres')
    expect(isAlive(bystander.pid as number)).toBe(true)
    expect(await serverPid(folder)).not.toBe(bystander.pid)
    system.signal('SIGTERM')
    expect(await system.ended, system.screen()).toBe(0)
  })

  it('makes what a service needs that is newer than the data, and leaves the rest as it was', async () => {
    const keysFile = path.join(folder, 'service-keys.json')
    const readKeys = async () =>
      JSON.parse(await readFile(keysFile, 'utf8')) as Record<string, object>
    system = launch({ DATA_DIR: folder })
    await system.sees(/logs .*\n\n/)
    // As a version left it that did not know the service.
    const sql = postgres((await readFile(path.join(folder, 'postgres.url'), 'utf8')).trim())
    await sql.unsafe('drop database booking with (force)')
    await sql.unsafe(`drop role booking, ${runtimeRoleOf('booking')}`)
    await sql.end()
    expect((await system.interrupt()).code).toBe(0)
    const { booking: former, ...others } = await readKeys()
    await writeFile(keysFile, JSON.stringify(others))

    system = launch({ DATA_DIR: folder })
    await system.sees(/logs .*\n\n/)
    await expectReady(system.addressOf('booking'))
    await expectReady(system.addressOf('start here'))
    const { booking: made, ...kept } = await readKeys()
    expect(kept).toEqual(others)
    expect(made).not.toEqual(former)
    expect((await system.interrupt()).code).toBe(0)
  })
})
