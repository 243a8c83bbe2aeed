import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../../src/local/postgres/free-port.ts'
import { uuidv7 } from '../../../src/platform/base/ids.ts'
import type { ServiceName } from '../../../src/registry.ts'
import { createHistory } from '../../judge/history.ts'
import { createActor, signUp, type Actor } from '../../lab/actors.ts'
import { hourMs, newCompany, newOffer, someCategory } from '../../lab/booking-requests.ts'
import type { Link } from '../../lab/link.ts'
import { startOwnSystem, type OwnSystem, type Way } from '../../lab/system.ts'
import { listen } from './daemons.ts'

/** The ways on which a scenario breaks something. */
const brokenWays = [
  'booking-1→billing',
  'order-1→billing',
  'order-1→notification',
  'user-1→billing',
  'gateway-1→order',
  'company-1→database',
]

const isBroken = ({ from, to }: Way) => brokenWays.includes(`${from}→${to}`)

/** So few that a scenario can take them all. */
export const placesOfGateway = 64

/** What other parts measure that are not here yet. Scenarios change it. */
export interface StandIn {
  violations: number
  lastAuditAtMs: number
  spansDropped: number
}

const textOf = ({ violations, lastAuditAtMs, spansDropped }: StandIn) =>
  [
    `books_violations{service="stand-in"} ${violations}`,
    `books_last_audit_timestamp_seconds{service="stand-in"} ${lastAuditAtMs / 1_000}`,
    `trace_spans_dropped_total{service="stand-in"} ${spansDropped}`,
    '',
  ].join('\n')

/** The real system, people in it, and what scenarios do to it. */
export const openShop = async () => {
  const adminPort = await freePort()
  const system: OwnSystem = await startOwnSystem({
    link: (way) => (isBroken(way) ? { passes: 'bytes' } : undefined),
    envOf: {
      gateway: { ADMIN_PORT: adminPort, MAX_CONCURRENT_REQUESTS: placesOfGateway },
      booking: { HOLD_MS: 4_000 },
    },
  })
  const standIn: StandIn = { violations: 0, lastAuditAtMs: Date.now(), spansDropped: 0 }
  const exporter = await listen(() => textOf(standIn))
  const history = createHistory()
  const actorAt = (service: ServiceName, name: string): Actor =>
    createActor({ baseUrl: system.urls[service], history, name, patienceMs: 1 })
  const actor = createActor({ baseUrl: system.urls.gateway, history, name: 'alerts' })
  const customer = await signUp(actor, 100_000_000)
  const manager = await signUp(actor)
  const company = await actor.acknowledged<{ readonly id: string }>(newCompany(manager.id))
  const categoryId = await someCategory(actor)
  let hours = 48

  return {
    system,
    standIn,
    exporter,
    customer,
    manager,
    /** Who does not repeat. It asks at the gateway, or at a service itself. */
    asks: actorAt('gateway', 'asks'),
    asksOrder: actorAt('order', 'asks-order'),
    metricsAt: (service: ServiceName) =>
      service === 'gateway' ? `http://127.0.0.1:${adminPort}` : system.urls[service],
    link: (name: string): Link => {
      const link = system.links.get(name)
      if (link === undefined) throw new Error(`there is no way ${name}`)
      return link
    },
    newOfferId: async (): Promise<string> => {
      hours += 1
      const startsMs = Date.now() + hours * hourMs
      const offer = {
        managerId: manager.id,
        companyId: company.body.id,
        categoryId,
        startsMs,
        price: 100,
      }
      const made = await actor.acknowledged<{ readonly id: string }>(newOffer(offer))
      return made.body.id
    },
    /** Holds a lock as somebody's forgotten transaction would. Returns how to let go. */
    lock: async (service: ServiceName, text: string): Promise<() => Promise<void>> => {
      // It has one connection, so all of this is one session.
      const holder = system.postgres.sql(service)
      await holder.unsafe('begin')
      await holder.unsafe(text)
      return async () => {
        await holder.unsafe('rollback')
      }
    },
    /** Does it again and again, side by side with itself, until it is told to stop. */
    repeat: (everyMs: number, act: () => Promise<unknown>): (() => Promise<void>) => {
      const running = new Set<Promise<unknown>>()
      let isOver = false
      const loop = async () => {
        while (!isOver) {
          const one: Promise<unknown> = act()
            .catch(() => {})
            .finally(() => running.delete(one))
          running.add(one)
          await sleep(everyMs)
        }
      }
      const looping = loop()
      return async () => {
        isOver = true
        await looping
        await Promise.all(running)
      }
    },
    newId: uuidv7,
    close: async () => {
      await exporter.stop()
      await system.close()
    },
  }
}

export type Shop = Awaited<ReturnType<typeof openShop>>
