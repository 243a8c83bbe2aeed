import { randomUUID } from 'node:crypto'
import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ServiceName } from '../src/registry.ts'
import { startStand, type Stand } from './load/stand.ts'
import { createActor, signUp } from './support/actors.ts'
import { createHistory } from './support/history.ts'

/** As the launcher stops them: who calls goes before who is called. */
const order: readonly ServiceName[] = ['gateway', 'order', 'user', 'billing', 'notification']
const writers = 20
const users = 20

let stand: Stand
beforeAll(async () => {
  stand = await startStand()
}, 180_000)
afterAll(async () => {
  await stand.close()
}, 60_000)

const placeOrder = (agent: Agent, userId: string): Promise<number | string> =>
  new Promise((resolve) => {
    const headers = { 'content-type': 'application/json', 'idempotency-key': randomUUID() }
    const url = new URL('/orders', stand.urls.gateway)
    const sent = request(url, { agent, method: 'POST', headers }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode ?? 0))
      response.on('error', () => resolve('broken'))
    })
    sent.on('error', (error) => resolve((error as NodeJS.ErrnoException).code ?? 'broken'))
    sent.end(JSON.stringify({ userId, price: 1 }))
  })

describe('a system that is stopped from the door inwards', () => {
  it('ends no request that it has taken with a reset or a 502, while twenty clients write', async () => {
    const { gateway } = stand.urls
    const actor = createActor({ baseUrl: gateway, history: createHistory(), name: 'writer' })
    const made = await Promise.all(Array.from({ length: users }, () => signUp(actor, 1_000_000)))
    const outcomes = new Map<number | string, number>()
    const agent = new Agent({ keepAlive: true })
    const write = async (index: number) => {
      for (;;) {
        const outcome = await placeOrder(agent, made[index % users]!.id)
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
        if (outcome === 'ECONNREFUSED') return
      }
    }
    const writing = Promise.all(Array.from({ length: writers }, (_, index) => write(index)))
    await sleep(2_000)
    const codes: (number | null)[] = []
    for (const service of order) codes.push(await stand.processes.get(service)!.stop())
    await writing
    agent.destroy()
    expect(codes).toEqual([0, 0, 0, 0, 0])
    const told = [...outcomes.keys()].filter((outcome) => outcome !== 201 && outcome !== 202)
    expect(told, JSON.stringify([...outcomes])).toEqual(['ECONNREFUSED'])
    expect(outcomes.get(201)).toBeGreaterThan(writers)
  }, 120_000)
})
