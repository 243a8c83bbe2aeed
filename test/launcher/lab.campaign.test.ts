import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { scripts } from '../../src/local/lab/scenes.ts'
import type { ArrowName, LabState } from '../../src/local/lab/state.ts'
import { isAlive } from '../../src/local/postgres/process-identity.ts'
import { openLaboratory, type Laboratory } from '../lab/laboratory.ts'
import {
  childrenOf,
  dataFolder,
  environmentOf,
  launchLab,
  serverPid,
  type Launcher,
} from '../lab/launcher.ts'
import { eventually } from '../lab/wait.ts'
import { authorized, signIn, signUp } from './people.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 })

let folder = ''
let launcher: Launcher
let lab: Laboratory

beforeAll(async () => {
  folder = await dataFolder()
  launcher = launchLab({ DATA_DIR: folder, LOG_LEVEL: 'error' })
  await launcher.sees(/logs .*\n\n/)
  lab = openLaboratory(launcher)
})

const arrowIn = ({ arrows }: LabState, name: ArrowName) => {
  const arrow = arrows.find((each) => each.name === name)
  if (arrow === undefined) throw new Error(`the lab has no arrow ${name}`)
  return arrow
}

const pidOf = async (name: Parameters<Laboratory['box']>[0]) =>
  (await lab.becomes(name, 'ready')).pid as number

/** As Linux tells it: T stands still. Elsewhere only that it does not answer is looked at. */
const processState = async (pid: number) => {
  if (process.platform !== 'linux') return 'T'
  return (await readFile(`/proc/${pid}/stat`, 'latin1')).split(') ').at(-1)?.[0]
}

/** The second process of order is in no list: its own variables say where it listens. */
const addressOf = async (name: 'billing' | 'order-2' | 'gateway') => {
  if (name === 'gateway') return launcher.addressOf('start here')
  if (name === 'billing') return launcher.addressOf(name)
  const variables = await environmentOf(await pidOf(name))
  return `http://127.0.0.1:${variables.find((each) => each.startsWith('PORT='))?.slice(5)}`
}

const answers = async (url: string, withinMs = 1_000) => {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(withinMs) })).status
  } catch (error) {
    return (error as Error).name
  }
}

describe('each process of the lab', () => {
  const names = ['identity', 'user', 'billing', 'order', 'order-2', 'company', 'booking'] as const

  it.each([...names, 'notification', 'gateway'] as const)(
    '%s is killed, and comes back as another process by itself',
    async (name) => {
      const before = await pidOf(name)
      const on = await lab.turnOn(`kill:${name}`, 2)
      expect(on.isOn).toBe(true)
      await lab.becomes(name, 'down')
      expect(isAlive(before)).toBe(false)
      expect(await pidOf(name)).not.toBe(before)
      expect((await lab.switch(`kill:${name}`)).isOn).toBe(false)
      await lab.isHealed()
    },
  )

  it.each(['billing', 'order-2', 'gateway'] as const)(
    '%s stands still, and goes on as the same process by "mend all"',
    async (name) => {
      const pid = await pidOf(name)
      const address = await addressOf(name)
      await lab.turnOn(`pause:${name}`, 60)
      await lab.becomes(name, 'paused')
      expect(await processState(pid)).toBe('T')
      expect(await answers(`${address}/healthz`)).toBe('TimeoutError')
      await lab.mend()
      expect(await pidOf(name)).toBe(pid)
    },
  )

  it('is started again at once, after it finished its work', async () => {
    const before = await pidOf('booking')
    await lab.turnOn('restart:booking', 60)
    const after = await eventually(async () => {
      const pid = await pidOf('booking')
      if (pid === before) throw new Error('it is still the former process')
      return pid
    })
    expect(isAlive(before)).toBe(false)
    expect(isAlive(after)).toBe(true)
    await eventually(async () => expect((await lab.switch('restart:booking')).isOn).toBe(false))
  })

  it('may be broken in several ways at once, and longer than was said first', async () => {
    await lab.turnOn('kill:company', 1)
    const { endsAtMs = 0 } = await lab.turnOn('kill:company', 4)
    expect(endsAtMs - Date.now()).toBeGreaterThan(3_000)
    await lab.turnOn('pause:user', 60)
    await lab.turnOn('pause:user', 1)
    expect((await lab.switch('pause:user')).endsAtMs).toBeGreaterThan(Date.now() + 50_000)
    await sleep(1_500)
    expect((await lab.box('company')).health).toBe('down')
    await lab.mend()
    expect((await lab.state()).switches.filter(({ isOn }) => isOn)).toEqual([])
    await lab.isHealed()
  })
})

describe('Postgres', () => {
  const port = () => Number(/Postgres +127\.0\.0\.1:(\d+)/.exec(launcher.screen())?.[1])
  const connecting = () =>
    new Promise<string>((resolve) => {
      const socket = connect(port(), '127.0.0.1')
      socket.once('connect', () => {
        socket.destroy()
        resolve('connected')
      })
      socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''))
    })

  it('is stopped, and comes back on the same port by itself', async () => {
    const before = await pidOf('postgres')
    await lab.turnOn('stop:postgres', 3)
    await lab.becomes('postgres', 'down')
    expect(isAlive(before)).toBe(false)
    expect(await connecting()).toBe('ECONNREFUSED')
    await lab.becomes('order', 'waiting')
    expect(await pidOf('postgres')).not.toBe(before)
    expect(await connecting()).toBe('connected')
    await lab.isHealed()
  })
})

describe('each arrow', () => {
  afterEach(() => lab.mend())

  let gateway = ''
  let person: { readonly id: string; readonly headers: Record<string, string> }

  beforeAll(async () => {
    await lab.isHealed()
    gateway = launcher.addressOf('start here')
    const { id } = await signUp(gateway, 'arrow', 'a long enough word')
    const tokens = await signIn(gateway, 'arrow', 'a long enough word')
    person = { id, headers: { ...authorized(tokens), 'content-type': 'application/json' } }
  })

  const send = (path: string, key: string, body: unknown) =>
    fetch(gateway + path, {
      method: 'POST',
      headers: { ...person.headers, 'idempotency-key': key },
      body: JSON.stringify(body),
    })
  const deposit = (key: string) =>
    send(`/billing/accounts/${person.id}/deposit`, key, { amount: 100 })
  const balance = async () => {
    const response = await fetch(`${gateway}/billing/accounts/${person.id}`, person)
    return ((await response.json()) as { readonly balance: number }).balance
  }
  const operations = async () => {
    const url = `${gateway}/billing/accounts/${person.id}/operations?limit=100`
    return ((await (await fetch(url, person)).json()) as { readonly items: unknown[] }).items.length
  }
  const tookMs = async (act: () => Promise<unknown>) => {
    const startMs = performance.now()
    await act()
    return performance.now() - startMs
  }

  it('is slow, and quick again', async () => {
    await deposit('before')
    await lab.turnOn('delay:gateway>billing', 60)
    expect(await tookMs(balance)).toBeGreaterThan(600)
    await lab.turnOff('delay:gateway>billing')
    await eventually(async () => expect(await tookMs(balance)).toBeLessThan(300))
  })

  it('is slow on the way to a database, too', async () => {
    await lab.turnOn('delay:notification>postgres', 60)
    const list = () => fetch(`${gateway}/notifications`, person).then((told) => told.text())
    expect(await tookMs(list)).toBeGreaterThan(600)
    await lab.mend()
    await eventually(async () => expect(await tookMs(list)).toBeLessThan(300))
  })

  it('loses each third answer: the work is done, and nobody hears of it', async () => {
    const [money, rows] = [await balance(), await operations()]
    await lab.turnOn('lose-answers:gateway>billing', 60)
    const statuses: number[] = []
    for (const number of [1, 2, 3]) statuses.push((await deposit(`lost-${number}`)).status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(2)
    expect(statuses.filter((status) => status >= 500)).toHaveLength(1)
    expect((await lab.switch('lose-answers:gateway>billing')).strikes).toBe(1)
    await lab.mend()
    expect([await balance(), await operations()]).toEqual([money + 300, rows + 3])
  })

  it('loses answers of a database, too: what was written is written, and once', async () => {
    const [money, rows] = [await balance(), await operations()]
    await lab.turnOn('lose-answers:billing>postgres', 60)
    for (const number of [1, 2, 3, 4]) {
      await eventually(async () => expect((await deposit(`written-${number}`)).status).toBe(200))
    }
    expect((await lab.switch('lose-answers:billing>postgres')).strikes).toBeGreaterThan(0)
    await lab.mend()
    await lab.isHealed()
    expect([await balance(), await operations()]).toEqual([money + 400, rows + 4])
  })

  it('sends twice: the callee does it once', async () => {
    const [money, rows] = [await balance(), await operations()]
    await lab.turnOn('send-twice:gateway>billing', 60)
    expect((await deposit('twice')).status).toBe(200)
    await eventually(async () =>
      expect((await lab.switch('send-twice:gateway>billing')).strikes).toBe(1),
    )
    await lab.mend()
    expect([await balance(), await operations()]).toEqual([money + 100, rows + 1])
  })

  it('counts what passes', async () => {
    const before = arrowIn(await lab.state(), 'gateway>notification').passed
    await fetch(`${gateway}/notifications`, person)
    expect(arrowIn(await lab.state(), 'gateway>notification').passed).toBeGreaterThan(before)
  })
})

describe('people who order', () => {
  it('are told how each order ended, whatever breaks, and the books agree', async () => {
    await lab.isHealed()
    const leave = new AbortController()
    const watching = fetch(`${lab.address}/lab/events`, { signal: leave.signal })
    await lab.ask('PUT', '/lab/load', { clients: 3 })
    await eventually(async () => expect((await lab.state()).load.paid).toBeGreaterThan(5))
    await lab.turnOn('kill:billing', 3)
    await eventually(async () => expect((await lab.state()).load.waiting).toBeGreaterThan(0))
    await lab.turnOn('lose-answers:order>billing', 3)
    await lab.turnOn('send-twice:order>notification', 3)
    await lab.isHealed()
    await eventually(
      async () => {
        const { load } = await lab.state()
        expect([load.waiting, load.rejected > 0, load.unanswered > 0]).toEqual([0, true, true])
      },
      { withinMs: 60_000 },
    )
    await lab.ask('PUT', '/lab/load', { clients: 0 })
    const sinceMs = Date.now()
    const books = await eventually(
      async () => {
        const { books: told } = await lab.state()
        if ((told.atMs ?? 0) < sinceMs + 8_000) throw new Error('nobody has looked since then')
        return told
      },
      { withinMs: 60_000 },
    )
    expect(books).toMatchObject({ verdict: 'they agree', findings: [] })
    expect(books.rows).toBeGreaterThan(50)
    leave.abort()
    await watching.then((told) => told.body?.cancel()).catch(() => {})
  })
})

describe('the scene', () => {
  it.each(scripts)('$id ends as promised', async ({ id }) => {
    await lab.isHealed(60_000)
    const run = await lab.play(id)
    expect(run.steps.map(({ state }) => state)).toEqual(run.steps.map(() => 'done'))
    expect(run.result).toMatch(/^Paid once.* One letter\.$/)
    expect(run.isAsPromised).toBe(true)
    expect(run.order).toMatchObject({ status: 'APPROVED', price: 3_000, owes: false })
  })

  it('ends when it is told to, and mends what it broke', async () => {
    await lab.isHealed(60_000)
    await lab.ask('POST', '/lab/tour/notification-away')
    await lab.becomes('notification', 'down')
    await lab.ask('DELETE', '/lab/tour')
    const { scene, switches } = await lab.state()
    expect(scene).toMatchObject({
      isRunning: false,
      isAsPromised: false,
      result: 'It was stopped.',
    })
    expect(switches.filter(({ isOn }) => isOn)).toEqual([])
  })
})

describe('who does not watch', () => {
  it('costs nothing: nobody is asked any more whether they are ready', async () => {
    await lab.isHealed(60_000)
    const leave = new AbortController()
    const events = await fetch(`${lab.address}/lab/events`, { signal: leave.signal })
    const reader = events.body?.getReader()
    const first = new TextDecoder().decode((await reader?.read())?.value)
    expect(first).toMatch(/^event: state\ndata: \{"nowMs":/)
    // Company asks its database only when somebody asks company.
    const passedIn = async (ms: number) => {
      const before = arrowIn(await lab.state(), 'company>postgres').passed
      await sleep(ms)
      return arrowIn(await lab.state(), 'company>postgres').passed - before
    }
    expect(await passedIn(3_000)).toBeGreaterThan(5)
    leave.abort()
    await sleep(1_000)
    expect(await passedIn(3_000)).toBeLessThan(4)
  })
})

describe('the end', () => {
  it('comes within five seconds, and leaves nothing, also while Postgres is just starting', async () => {
    await lab.ask('PUT', '/lab/load', { clients: 2 })
    await lab.turnOn('delay:order>postgres', 60)
    await lab.turnOn('stop:postgres', 60)
    await lab.becomes('postgres', 'down')
    await lab.turnOff('stop:postgres')
    const processes = await childrenOf(launcher.pid)
    const { code, tookMs } = await launcher.interrupt()
    expect(code, launcher.screen()).toBe(0)
    expect(tookMs).toBeLessThan(5_000)
    const postgres = await serverPid(folder)
    expect([...processes, postgres ?? []].flat().filter(isAlive)).toEqual([])
  })
})
