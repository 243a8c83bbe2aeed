import { connect } from 'node:net'
import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { isAlive } from '../../src/local/postgres/process-identity.ts'
import { openLaboratory, type Laboratory } from '../lab/laboratory.ts'
import { childrenOf, dataFolder, environmentOf, launchLab, type Launcher } from '../lab/launcher.ts'
import { eventually } from '../lab/wait.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

/** The rest of what the lab does: `npm run test:campaigns`. */
describe('the lab', () => {
  let launcher: Launcher
  let lab: Laboratory

  beforeAll(async () => {
    launcher = launchLab({ DATA_DIR: await dataFolder(), LOG_LEVEL: 'error' })
    await launcher.sees(/logs .*\n\n/)
    lab = openLaboratory(launcher)
  })
  afterAll(() => launcher.signal('SIGKILL'))

  const portOf = (address: string) => Number(new URL(address).port)
  const answersOf = (address: string) =>
    fetch(`${address}/healthz`, { signal: AbortSignal.timeout(300) }).then(
      ({ status }) => String(status),
      (error: unknown) => (error as Error).name,
    )

  it('has everybody, order twice, and tells the gateway where it is', async () => {
    const { boxes, arrows } = await lab.state()
    expect(boxes.map(({ name }) => name).toSorted()).toEqual(
      [...lab.processes, 'people', 'postgres'].toSorted(),
    )
    expect(new Set(boxes.map(({ pid }) => pid)).size).toBe(boxes.length)
    expect(arrows.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'people>gateway',
        'gateway>order',
        'order>billing',
        'order>postgres',
      ]),
    )
    const gateway = await lab.box('gateway')
    const variables = await environmentOf(gateway.pid as number)
    expect(variables).toContain(`LAB_URL=${launcher.addressOf('lab')}`)
  })

  it('kills a process, keeps it down, and lets it start again when the time is over', async () => {
    const before = await lab.becomes('billing', 'ready')
    await lab.turnOn('kill:billing', 4)
    await lab.becomes('billing', 'down')
    expect(isAlive(before.pid as number)).toBe(false)
    await expect(fetch(`${launcher.addressOf('billing')}/healthz`)).rejects.toThrow()
    expect(launcher.screen()).toContain('billing is kept down\n')
    const after = await lab.becomes('billing', 'ready')
    expect(after.pid).not.toBe(before.pid)
    expect((await lab.switch('kill:billing')).isOn).toBe(false)
  })

  it('refuses whom it does not know: another name, another page, another number', async () => {
    const port = portOf(lab.address)
    const statusFor = (method: string, path: string, headers: Record<string, string>, body = '') =>
      new Promise<number | undefined>((resolve, reject) => {
        const sent = request({ host: '127.0.0.1', port, method, path, headers }, (answer) => {
          answer.resume()
          resolve(answer.statusCode)
        })
        sent.once('error', reject)
        sent.end(body)
      })
    const kill = '/lab/switches/kill:billing'
    expect(await statusFor('GET', '/lab/state', { host: 'evil.example' })).toBe(421)
    expect(await statusFor('POST', kill, { host: `evil.example:${port}` })).toBe(421)
    expect(await statusFor('POST', kill, { origin: 'http://evil.example' })).toBe(403)
    expect(await statusFor('POST', kill, { origin: 'null' })).toBe(403)
    expect(await statusFor('POST', kill, { 'sec-fetch-site': 'cross-site' })).toBe(403)
    expect(await statusFor('POST', kill, {}, '{"seconds":61}')).toBe(400)
    expect(await statusFor('POST', '/lab/switches/kill:moon', {})).toBe(404)
    expect(await statusFor('GET', '/lab/source/package.json', {})).toBe(404)
    expect(await statusFor('POST', '/lab/mend', { origin: lab.address })).toBe(204)
    expect((await lab.switch('kill:billing')).isOn).toBe(false)
  })

  it('ends within five seconds in the midst of faults, and leaves no process', async () => {
    const postgres = await lab.becomes('postgres', 'ready')
    const processes = await childrenOf(launcher.pid)
    await lab.turnOn('kill:user', 60)
    await lab.turnOn('pause:order', 60)
    await lab.turnOn('delay:billing>postgres', 60)
    await lab.becomes('order', 'paused')
    expect(await answersOf(launcher.addressOf('order'))).toBe('TimeoutError')
    await lab.turnOn('stop:postgres', 60)
    await lab.becomes('postgres', 'down')
    await eventually(
      () =>
        new Promise<void>((resolve, reject) => {
          const port = Number(/Postgres +127\.0\.0\.1:(\d+)/.exec(launcher.screen())?.[1])
          const socket = connect(port, '127.0.0.1')
          socket.once('connect', () => reject(new Error('Postgres listens')))
          socket.once('error', () => resolve())
        }),
    )
    const { code, tookMs } = await launcher.interrupt()
    expect(code, launcher.screen()).toBe(0)
    expect(tookMs).toBeLessThan(5_000)
    const left = [...processes, postgres.pid as number].filter(isAlive)
    expect(left).toEqual([])
  })
})
