import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { dataFolder, launch, type Launcher } from '../lab/launcher.ts'

vi.setConfig({ testTimeout: 60_000 })

const writers = 20

interface Sent {
  readonly id: string
  /** A status, or why there is no answer. */
  readonly told: number | string
}

/** Sends one write with an id of its own: the service that accepted it has logged the id. */
const write = (url: string, body: unknown, agent: Agent | false): Promise<Sent> =>
  new Promise((resolve) => {
    const id = randomUUID()
    const outgoing = request(
      url,
      {
        method: 'POST',
        agent,
        headers: { 'content-type': 'application/json', 'idempotency-key': id, 'x-request-id': id },
      },
      (answer) => {
        answer.resume()
        answer.once('end', () => resolve({ id, told: answer.statusCode as number }))
        answer.once('error', (error) => resolve({ id, told: error.message }))
      },
    )
    outgoing.once('error', (error: NodeJS.ErrnoException) =>
      resolve({ id, told: error.code ?? error.message }),
    )
    outgoing.end(JSON.stringify(body))
  })

describe('Ctrl-C while many write', () => {
  let folder: string
  let system: Launcher
  let gateway: string
  let userId: string

  beforeAll(async () => {
    folder = await dataFolder()
    system = launch({ DATA_DIR: folder })
    await system.sees(/logs .*\n\n/)
    gateway = system.addressOf('start here').replace(/\/$/, '')
    const user = { username: 'busy', email: 'busy@example.com' }
    const response = await fetch(`${gateway}/users`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(user),
    })
    userId = ((await response.json()) as { id: string }).id
    await write(`${gateway}/billing/accounts/${userId}/deposit`, { amount: 1e12 }, false)
  })

  it('answers every accepted request, refuses the others at the gateway, and is quick', async () => {
    const sent: Sent[] = []
    const agent = new Agent({ keepAlive: true })
    let isRefused = false
    const work = async (number: number) => {
      // Some keep their connection, as browsers and services do, and some open a new one each time.
      const by = number % 2 === 0 ? agent : false
      while (!isRefused) {
        const one = await write(`${gateway}/orders`, { userId, price: 1 }, by)
        sent.push(one)
        if (one.told === 'ECONNREFUSED') isRefused = true
      }
    }
    const all = Array.from({ length: writers }, (_, number) => work(number))
    await sleep(1_500)
    const { code, tookMs } = await system.interrupt()
    await Promise.all(all)
    agent.destroy()
    expect(code, system.screen()).toBe(0)
    expect(tookMs).toBeLessThan(5_000)

    const told = Object.groupBy(sent, ({ told: what }) => String(what))
    const log = await readFile(path.join(folder, 'logs', 'gateway.log'), 'utf8')
    expect(told['201']?.length).toBeGreaterThan(writers)
    const unanswered = sent.filter(
      ({ told: what }) => typeof what === 'string' && what !== 'ECONNREFUSED',
    )
    expect(sent.filter(({ told: what }) => Number(what) >= 500)).toEqual([])
    // A request that the gateway read has an answer. One that it did not read may have none.
    expect(unanswered.filter(({ id }) => log.includes(id))).toEqual([])
  })
})
