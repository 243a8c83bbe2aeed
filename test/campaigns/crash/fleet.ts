import type { ServiceName } from '../../../src/registry.ts'
import type { Instance } from './instance.ts'

/** The processes of a system: which serve, which wait to take over, and which must be ended. */
export interface Fleet {
  readonly spawn: (service: ServiceName) => Promise<Instance>
  /** All that were ever begun, so that none can outlive the run. */
  readonly begun: Set<Promise<Instance>>
  isEnding: boolean
  readonly active: Map<ServiceName, Instance>
  readonly spares: Map<ServiceName, Promise<Instance>>
  readonly others: Set<Instance>
  /** Replicas that rest, one of a service: starting a process costs most of a run. */
  readonly resting: Map<ServiceName, Instance>
  /** Those that were up once: one that cannot start is only tried again. */
  readonly ready: WeakSet<Instance>
}

export const createFleet = (spawn: Fleet['spawn']): Fleet => ({
  spawn,
  begun: new Set(),
  isEnding: false,
  active: new Map(),
  spares: new Map(),
  others: new Set(),
  resting: new Map(),
  ready: new WeakSet(),
})

export const keepSpare = (fleet: Fleet, service: ServiceName) => {
  if (fleet.isEnding) throw new Error('nothing is started any more')
  const spare = fleet.spawn(service)
  fleet.begun.add(spare)
  // Whoever needs the spare learns about its trouble; until then nobody is waiting.
  spare.catch(() => {})
  fleet.spares.set(service, spare)
}

const nextSpare = async (fleet: Fleet, service: ServiceName): Promise<Instance> => {
  const spare = fleet.spares.get(service)
  // Two may ask at once: each takes a spare of its own.
  keepSpare(fleet, service)
  const next = await spare
  if (!next) throw new Error(`${service} has no spare`)
  return next
}

const putInPlace = (fleet: Fleet, next: Instance) => {
  const old = fleet.active.get(next.service)
  if (old && !old.hasEnded()) fleet.others.add(old)
  fleet.active.set(next.service, next)
}

const startsPerTakeOver = 5

/** As a supervisor does: a process that ends while its database is away is started again. */
export const takeOver = async (fleet: Fleet, service: ServiceName): Promise<Instance> => {
  for (let start = 1; ; start += 1) {
    try {
      const next = await nextSpare(fleet, service)
      // Only now: another take-over may have put its own process here meanwhile.
      putInPlace(fleet, next)
      await next.activate()
      fleet.ready.add(next)
      return next
    } catch (error) {
      if (start === startsPerTakeOver) throw error
    }
  }
}

export const relieve = async (fleet: Fleet, service: ServiceName): Promise<Instance> => {
  const rested = fleet.resting.get(service)
  if (!rested || rested.hasEnded()) return takeOver(fleet, service)
  fleet.resting.delete(service)
  putInPlace(fleet, rested)
  rested.wake()
  return rested
}

export const endOthers = async (fleet: Fleet) => {
  const others = [...fleet.others]
  fleet.others.clear()
  const canRest = (instance: Instance) =>
    fleet.ready.has(instance) && !instance.hasEnded() && !fleet.resting.has(instance.service)
  const superfluous = others.filter((instance) => {
    if (!canRest(instance)) return true
    instance.rest()
    fleet.resting.set(instance.service, instance)
    return false
  })
  await Promise.all(superfluous.map((instance) => instance.kill()))
}

/** None may be left: neither one that is still starting, nor one that a take-over began meanwhile. */
export const endAll = async (fleet: Fleet) => {
  fleet.isEnding = true
  const begun = await Promise.allSettled(fleet.begun)
  const instances = begun.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  await Promise.all(instances.map((instance) => instance.kill()))
}
