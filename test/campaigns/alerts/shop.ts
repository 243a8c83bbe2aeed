import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../../src/local/postgres/free-port.ts'
import { uuidv7 } from '../../../src/platform/base/ids.ts'
import { databaseVariable } from '../../../src/platform/base/variables.ts'
import { servicesWithDatabase, type ServiceName } from '../../../src/registry.ts'
import { projectRoot } from '../../../tools/run-tool.ts'
import { createHistory } from '../../judge/history.ts'
import { createActor, signUp, type Actor } from '../../lab/actors.ts'
import { hourMs, newCompany, newOffer, someCategory } from '../../lab/booking-requests.ts'
import { inheritedByServices } from '../../lab/environment.ts'
import type { Link } from '../../../src/local/lab/link.ts'
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

/** Runs `main.ts audit` over the databases of the system. It writes its verdict down in billing. */
const auditBooks = async (databases: OwnSystem['databases']) => {
  const urls = servicesWithDatabase.map((name) => [databaseVariable(name), databases[name] ?? ''])
  const child = spawn(process.execPath, ['src/main.ts', 'audit', '--json'], {
    cwd: projectRoot,
    env: { ...inheritedByServices(), ...Object.fromEntries(urls) },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString('utf8')
  })
  const [code] = (await once(child, 'close')) as [number | null]
  // 1: there are violations.
  if (code !== 0 && code !== 1) throw new Error(`the audit ended with ${code}:\n${errors}`)
}

/** The real system, people in it, and what scenarios do to it. */
export const openShop = async () => {
  const adminPort = await freePort()
  let isCollecting = true
  const collector = await listen(() => (isCollecting ? '{}' : undefined))
  const system: OwnSystem = await startOwnSystem({
    env: { LOG_LEVEL: 'error', OTEL_EXPORTER_OTLP_ENDPOINT: collector.url },
    link: (way) => (isBroken(way) ? { passes: 'bytes' } : undefined),
    envOf: {
      gateway: { ADMIN_PORT: adminPort, MAX_CONCURRENT_REQUESTS: placesOfGateway },
      booking: { HOLD_MS: 4_000 },
    },
  })
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
    /** Whether the collector of traces takes what it is sent. */
    collect: (isRight: boolean) => {
      isCollecting = isRight
    },
    audit: () => auditBooks(system.databases),
    /** Changes rows as no service can: neither triggers nor checks of keys see it. */
    forge: async (service: ServiceName, text: string) => {
      const administrator = system.postgres.sql(service)
      await administrator.unsafe(`set session_replication_role = replica`)
      await administrator.unsafe(text)
      await administrator.unsafe(`set session_replication_role = origin`)
    },
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
      await system.close()
      await collector.stop()
    },
  }
}

export type Shop = Awaited<ReturnType<typeof openShop>>
