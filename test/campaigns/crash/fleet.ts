import type { ServiceName } from '../../../src/registry.ts'
import { spawnInstance, type Instance, type InstanceOptions } from './instance.ts'

const startsPerTakeOver = 5

export interface FleetOptions extends Pick<InstanceOptions, 'onCheckpoint'> {
  readonly environmentOf: (service: ServiceName) => InstanceOptions['environment']
  /** Called when a process that runs ends although nobody killed it; it is replaced. */
  readonly onDeath: (how: string) => void
}

/** The processes of a system: which serve, which wait to take over, and which must be ended. */
export const createFleet = ({ environmentOf, onCheckpoint, onDeath }: FleetOptions) => {
  /** All that were ever begun, so that none can outlive the run. */
  const begun = new Set<Promise<Instance>>()
  let isEnding = false
  const active = new Map<ServiceName, Instance>()
  const spares = new Map<ServiceName, Promise<Instance>>()
  const others = new Set<Instance>()
  /** Replicas that rest, one of a service: starting a process costs most of a run. */
  const resting = new Map<ServiceName, Instance>()

  const keepSpare = (service: ServiceName) => {
    if (isEnding) throw new Error('nothing is started any more')
    const environment = environmentOf(service)
    const spare = spawnInstance({ service, environment, onCheckpoint, onDeath: replace })
    begun.add(spare)
    // Whoever needs the spare learns about its trouble; until then nobody is waiting.
    spare.catch(() => {})
    spares.set(service, spare)
    return spare
  }

  const nextSpare = (service: ServiceName) => {
    const spare = spares.get(service) ?? keepSpare(service)
    // Two may ask at once: each takes a spare of its own.
    void keepSpare(service)
    return spare
  }

  const putInPlace = (next: Instance) => {
    const old = active.get(next.service)
    if (old?.isRunning()) others.add(old)
    active.set(next.service, next)
  }

  /** As a supervisor does: a process that ends while its database is away is started again. */
  const takeOver = async (service: ServiceName): Promise<void> => {
    for (let start = 1; ; start += 1) {
      try {
        const next = await nextSpare(service)
        // Only now: another take-over may have put its own process here meanwhile.
        putInPlace(next)
        return await next.activate()
      } catch (error) {
        if (start === startsPerTakeOver) throw error
      }
    }
  }

  const replace = (instance: Instance, how: string) => {
    const { service, pid, port, logs } = instance
    // One that cannot start is only tried again.
    if (port() === 0) return
    onDeath(`${service} (${pid}) died by itself, ${how}: ${logs()}`)
    if (active.get(service) !== instance) return
    takeOver(service).catch((error: unknown) => onDeath(String(error)))
  }

  const canRest = (instance: Instance) =>
    instance.port() > 0 && instance.isRunning() && !resting.has(instance.service)

  return {
    /** Where a service listens at the moment; 0 while it does not. */
    portOf: (service: ServiceName) => active.get(service)?.port() ?? 0,
    current: (service: ServiceName) => {
      const instance = active.get(service)
      if (!instance) throw new Error(`${service} does not run`)
      return instance
    },
    all: () => [active, resting, others].flatMap((of) => [...of.values()]),
    /** Lets a new process take over, as a supervisor does; the old one is only left aside. */
    takeOver,
    /** Lets another replica go on: one that was left aside before, if there is one. */
    relieve: async (service: ServiceName): Promise<void> => {
      const rested = resting.get(service)
      if (!rested?.isRunning()) return takeOver(service)
      resting.delete(service)
      putInPlace(rested)
      rested.wake()
    },
    /** Ends the processes that were left aside, or lets them rest until they relieve another. */
    endOthers: async () => {
      const left = [...others]
      others.clear()
      const superfluous = left.filter((instance) => {
        if (!canRest(instance)) return true
        instance.rest()
        resting.set(instance.service, instance)
        return false
      })
      await Promise.all(superfluous.map((instance) => instance.kill()))
    },
    /** None may be left: neither one that is still starting, nor one that a take-over began meanwhile. */
    endAll: async () => {
      isEnding = true
      const all = await Promise.allSettled(begun)
      const instances = all.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
      await Promise.all(instances.map((instance) => instance.kill()))
    },
  }
}
