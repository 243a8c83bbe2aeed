import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { AttackerMessage, AttackKind, AttackOrder } from './flood-attacker.ts'
import { openDescriptors, rssMb, settledRssMb } from './resources.ts'
import { percentile, type Shoppers, type Tally } from './shoppers.ts'
import type { System } from '../../lab/system.ts'
import { authorizationOf } from '../../lab/wallet.ts'

/**
 * One client tries to make the gateway useless for others. The others must be served as before, the
 * gateway must stay small, and everything must be as before when the attack is over.
 */
export interface Attack {
  readonly kind: AttackKind
  readonly connections: number
}

export interface FloodOptions {
  readonly system: System
  readonly shoppers: Shoppers
  readonly attack: Attack
  /** How long the attack lasts. */
  readonly seconds: number
  /** How long the quiet time before it lasts, which shows what is normal. */
  readonly calmSeconds?: number
  /** How long an honest client thinks between two orders. */
  readonly thinkMs?: number
  /** By which factor things may take longer than on a quiet machine: see `machineSlowness`. */
  readonly slowness: number
  readonly say: (line: string) => void
}

export interface FloodReport {
  /** The share of the others' requests that was done within a second (on a quiet machine). */
  readonly servedShare: number
  readonly grownMb: number
  /** Until the others are served as before and the attack's connections are gone, if ever. */
  readonly backAfterMs: number | undefined
}

export const bodyBytes = 60_000
export const pipelinedRequests = 1_200
const honestClients = 8
const soonMs = 1_000
const giveUpAfterMs = 30_000
/** The number of connections of the honest clients and of the gateway varies by so many. */
const spareDescriptors = 40

const startAttacker = async (order: AttackOrder) => {
  const child = fork(fileURLToPath(new URL('./flood-attacker.ts', import.meta.url)))
  const say = async (message: AttackOrder | 'end'): Promise<AttackerMessage> => {
    const answer = once(child, 'message')
    child.send(message)
    const [said] = await answer
    return said as AttackerMessage
  }
  await say(order)
  return {
    end: async () => {
      const gone = once(child, 'exit')
      const said = await say('end')
      await gone
      return said.say === 'ended' ? said : { opened: 0, cutOff: 0 }
    },
  }
}

const askedIn = ({ confirmed, refused, open }: Tally) => confirmed + refused + open

const servedShareOf = (tally: Tally, withinMs: number) =>
  tally.confirmedMs.filter((ms) => ms <= withinMs).length / Math.max(askedIn(tally), 1)

const show = (tally: Tally) =>
  `${tally.confirmed} orders in ${Math.round(percentile(tally.confirmedMs, 0.5))} ms (p99 ${Math.round(percentile(tally.confirmedMs, 0.99))}), ${tally.refused} refused, ${tally.open} left open`

const watchGateway = (system: System) => {
  const look = () => rssMb(system).get('gateway') ?? 0
  let most = look()
  const timer = setInterval(() => {
    most = Math.max(most, look())
  }, 100)
  return () => {
    clearInterval(timer)
    return most
  }
}

/** Returns how long until all is as quick as before and the attack's connections are gone. */
const untilBack = async (
  { system, shoppers, thinkMs = 0 }: FloodOptions,
  normalMs: number,
  descriptorsBefore: number,
) => {
  const startMs = performance.now()
  while (performance.now() - startMs < giveUpAfterMs) {
    const tally = await shoppers.run(honestClients, 1, { thinkMs })
    const isQuick = percentile(tally.confirmedMs, 0.5) <= normalMs * 1.5 + 20
    const isServed = tally.refused + tally.open === 0
    const descriptors = openDescriptors(system).get('gateway') ?? 0
    const isGone = descriptors <= descriptorsBefore + spareDescriptors
    if (isQuick && isServed && isGone) return performance.now() - startMs
  }
  return undefined
}

export const flood = async (options: FloodOptions): Promise<FloodReport> => {
  const { system, shoppers, attack, seconds, calmSeconds = 3, thinkMs = 0 } = options
  const { slowness, say } = options
  const calm = await shoppers.run(honestClients, calmSeconds, { thinkMs })
  const normalMs = percentile(calm.confirmedMs, 0.5)
  const before = (await settledRssMb(system)).get('gateway') ?? 0
  const descriptorsBefore = openDescriptors(system).get('gateway') ?? 0
  const endWatch = watchGateway(system)
  const asked = { method: 'POST', path: '/orders', as: 'somebody' }
  const signal = AbortSignal.timeout(giveUpAfterMs)
  const authorization = await authorizationOf(system.urls.gateway, asked, signal)
  const attacker = await startAttacker({
    ...attack,
    authorization: authorization ?? '',
    port: Number(new URL(system.urls.gateway).port),
    bodyBytes,
    pipelined: pipelinedRequests,
  })
  const during = await shoppers.run(honestClients, seconds, { thinkMs })
  const { opened, cutOff } = await attacker.end()
  const grownMb = endWatch() - before
  const backAfterMs = await untilBack(options, normalMs, descriptorsBefore)
  const withinMs = Math.round(soonMs * slowness)
  const servedShare = servedShareOf(during, withinMs)
  say(`${attack.connections} x ${attack.kind} (${opened} connections opened, ${cutOff} thrown out)`)
  say(`  before: ${show(calm)}`)
  say(`  during: ${show(during)}`)
  say(
    `  ${(servedShare * 100).toFixed(1)} % within ${withinMs} ms, memory ${Math.round(before)} MB + ${Math.round(grownMb)} MB, back after ${backAfterMs === undefined ? 'never' : `${Math.round(backAfterMs)} ms`}`,
  )
  // Connections that the kernel still closes must not count for the next attack.
  await sleep(500)
  return { servedShare, grownMb, backAfterMs }
}
