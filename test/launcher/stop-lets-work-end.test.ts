import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { dataFolder, launch, type Launcher } from '../lab/launcher.ts'
import { authorized, signIn, signUp } from './people.ts'

vi.setConfig({ testTimeout: 60_000 })

const writers = 20

interface Sent {
  readonly id: string
  /** A status, or why there is no answer. */
  readonly told: number | string
}

interface Write {
  readonly body: unknown
  readonly who: Readonly<Record<string, string>>
  readonly agent: Agent | false
}

/** Sends one write with an id of its own: the service that accepted it has logged the id. */
const write = (url: string, { body, who, agent }: Write): Promise<Sent> =>
  new Promise((resolve) => {
    const id = randomUUID()
    const type = { 'content-type': 'application/json' }
    const headers = { ...type, ...who, 'idempotency-key': id, 'x-request-id': id }
    const outgoing = request(url, { method: 'POST', agent, headers }, (answer) => {
      answer.resume()
      answer.once('end', () => resolve({ id, told: answer.statusCode as number }))
      answer.once('error', (error) => resolve({ id, told: error.message }))
    })
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
  let who: Readonly<Record<string, string>>

  beforeAll(async () => {
    folder = await dataFolder()
    system = launch({ DATA_DIR: folder })
    await system.sees(/logs .*\n\n/)
    gateway = system.addressOf('start here').replace(/\/$/, '')
    const password = 'plums in the icebox'
    userId = (await signUp(gateway, 'busy', password)).id
    who = authorized(await signIn(gateway, 'busy', password))
    const account = `${gateway}/billing/accounts/${userId}`
    await write(`${account}/deposit`, { body: { amount: 1e12 }, who, agent: false })
  })

  it('answers every accepted request, refuses the others at the gateway, and is quick', async () => {
    const sent: Sent[] = []
    const agent = new Agent({ keepAlive: true })
    let isRefused = false
    const work = async (number: number) => {
      // Some keep their connection, as browsers and services do, and some open a new one each time.
      const by = number % 2 === 0 ? agent : false
      const order: Write = { body: { userId, price: 1 }, who, agent: by }
      while (!isRefused) {
        const one = await write(`${gateway}/orders`, order)
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
