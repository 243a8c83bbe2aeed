import { registry, serviceNames, type ServiceName } from '../../registry.ts'
import type { LaunchPlan } from '../launcher/launch-plan.ts'
import type { Ways } from '../launcher/with-lab.ts'
import { openLink, type Link } from './link.ts'
import type { Connection, Effect, Message } from './link/lane.ts'
import type { ArrowFault, ArrowName, BoxName } from './state.ts'

/** What a scene does with one request, and with the answer to it. */
export interface Trap {
  readonly isWanted: (request: Message) => boolean
  readonly onRequest?: (request: Message, connection: Connection) => void
  /** The answer waits for this. Whether it then goes on its way, or is lost with its connection. */
  readonly onAnswer?: () => Promise<'passes' | 'is lost'>
}

export interface LabArrow {
  readonly name: ArrowName
  readonly from: BoxName
  readonly to: BoxName
  readonly faults: readonly ArrowFault[]
  readonly link: Link
  /** Requests or statements so far. */
  readonly passed: () => number
  /** Waits for one request. Returns how to give up waiting. */
  readonly setTrap: (trap: Trap) => () => void
  /** Hears of every request. Returns how to end that. */
  readonly listen: (listener: (request: Message) => void) => () => void
}

/** Sees every message of a link: counts them, and looks for the one that somebody waits for. */
const createWatch = () => {
  let passed = 0
  const traps = new Set<Trap>()
  const listeners = new Set<(request: Message) => void>()
  const caught = new WeakMap<Connection, Trap>()
  const lost = new WeakSet<Connection>()
  const givenUp = new WeakSet<Trap>()
  const effect: Effect = {
    hold: ({ direction, connection }, { messages }) => {
      if (direction === 'up') {
        passed += messages.length
        for (const request of messages) {
          for (const listener of listeners) listener(request)
          const trap = [...traps].find(({ isWanted }) => isWanted(request))
          if (trap === undefined) continue
          traps.delete(trap)
          caught.set(connection, trap)
          trap.onRequest?.(request, connection)
        }
        return undefined
      }
      const trap = messages.length > 0 ? caught.get(connection) : undefined
      if (trap === undefined) return undefined
      caught.delete(connection)
      if (givenUp.has(trap)) return undefined
      return trap.onAnswer?.().then((fate) => fate === 'is lost' && lost.add(connection))
    },
    take: ({ direction, connection }) => {
      if (direction === 'up' || !lost.has(connection)) return false
      connection.reset()
      return true
    },
  }
  return {
    effect,
    passed: () => passed,
    setTrap: (trap: Trap) => {
      traps.add(trap)
      return () => {
        traps.delete(trap)
        givenUp.add(trap)
      }
    },
    listen: (listener: (request: Message) => void) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}

interface Way {
  readonly from: BoxName
  readonly to: BoxName
  readonly protocol: 'http' | 'database'
  readonly targets: () => readonly number[]
}

const portsOf = ({ ports, lab }: LaunchPlan, service: ServiceName): number[] =>
  service === 'order' && lab ? [ports.order, lab.secondOrderPort] : [ports[service]]

/** Every arrow of the architecture, and the way of the people to the door. */
const waysIn = (plan: LaunchPlan, postgresPort: () => number | undefined): Way[] => {
  const toService = (from: BoxName, to: ServiceName): Way => ({
    from,
    to,
    protocol: 'http',
    targets: () => portsOf(plan, to),
  })
  const toPostgres = (from: ServiceName): Way => ({
    from,
    to: 'postgres',
    protocol: 'database',
    targets: () => [postgresPort() ?? []].flat(),
  })
  return [
    toService('people', 'gateway'),
    ...serviceNames.flatMap((from) => [
      ...registry[from].upstreams.map((to) => toService(from, to)),
      ...(registry[from].hasDatabase ? [toPostgres(from)] : []),
    ]),
  ]
}

const openArrow = async ({ from, to, protocol, targets }: Way): Promise<LabArrow> => {
  const name: ArrowName = `${from}>${to}`
  const { effect, ...watch } = createWatch()
  // Messages of Postgres are known by their end, those of HTTP where they begin.
  const passes = protocol === 'http' ? 'bytes' : 'messages'
  const link = await openLink({ name, protocol, passes, targets, watch: effect })
  const faults = ['delay', 'lose-answers', 'send-twice'] as const
  return {
    name,
    from,
    to,
    faults: protocol === 'http' ? faults : faults.filter((fault) => fault !== 'send-twice'),
    link,
    ...watch,
  }
}

export interface Arrows {
  readonly list: readonly LabArrow[]
  readonly get: (name: ArrowName) => LabArrow
  readonly ways: Ways
  readonly close: () => void
}

/** Opens a link for every arrow: whoever calls somebody is given the address of the link. */
export const openArrows = async (
  plan: LaunchPlan,
  postgresPort: () => number | undefined,
): Promise<Arrows> => {
  const list = await Promise.all(waysIn(plan, postgresPort).map(openArrow))
  const byName = new Map(list.map((arrow) => [arrow.name, arrow]))
  const get = (name: ArrowName) => {
    const arrow = byName.get(name)
    if (arrow === undefined) throw new Error(`there is no arrow ${name}`)
    return arrow
  }
  return {
    list,
    get,
    ways: {
      toService: (from, to) => byName.get(`${from}>${to}`)?.link.url,
      toDatabase: (from, url) => {
        const through = new URL(url)
        through.port = String(get(`${from}>postgres`).link.port)
        return through.href
      },
    },
    close: () => {
      for (const { link } of list) link.close()
    },
  }
}
