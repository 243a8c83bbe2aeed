import type { ServiceName } from '../../../src/registry.ts'
import { spawnInstance, type Instance, type InstanceOptions } from './instance.ts'

const startsPerTakeOver = 15

export interface FleetOptions extends Pick<InstanceOptions, 'onCheckpoint'> {
  readonly environmentOf: (service: ServiceName) => InstanceOptions['environment']
  /** Called when a process ends although the test did not kill it. The fleet replaces it. */
  readonly onDeath: (how: string) => void
}

/** The processes of a system: which serve, which wait to take over, and which the test must end. */
export const createFleet = ({ environmentOf, onCheckpoint, onDeath }: FleetOptions) => {
  /** All processes that were started, so that none outlives the run. */
  const begun = new Set<Promise<Instance>>()
  let isEnding = false
  const active = new Map<ServiceName, Instance>()
  const spares = new Map<ServiceName, Promise<Instance>>()
  const others = new Set<Instance>()
  /** Replicas that rest, one for each service: a start takes most of a run's time. */
  const resting = new Map<ServiceName, Instance>()

  const keepSpare = (service: ServiceName) => {
    if (isEnding) throw new Error('nothing is started any more')
    const environment = environmentOf(service)
    const spare = spawnInstance({ service, environment, onCheckpoint, onDeath: replace })
    begun.add(spare)
    // The caller that takes the spare sees its error. Before that nobody waits for it.
    spare.catch(() => {})
    spares.set(service, spare)
    return spare
  }

  const nextSpare = (service: ServiceName) => {
    const spare = spares.get(service) ?? keepSpare(service)
    // Two callers may ask at once: each takes its own spare.
    void keepSpare(service)
    return spare
  }

  const putInPlace = (next: Instance) => {
    const old = active.get(next.service)
    if (old?.isRunning()) others.add(old)
    active.set(next.service, next)
  }

  /** Acts as a supervisor: starts a process again if it ends while its database is away. */
  const takeOver = async (service: ServiceName): Promise<void> => {
    for (let start = 1; ; start += 1) {
      try {
        const next = await nextSpare(service)
        // Only now, because another take-over may have put its own process here.
        putInPlace(next)
        return await next.activate()
      } catch (error) {
        if (start === startsPerTakeOver) throw error
      }
    }
  }

  const replace = (instance: Instance, how: string) => {
    const { service, pid, port, logs } = instance
    // If a process cannot start, the next attempt follows.
    if (port() === 0) return
    onDeath(`${service} (${pid}) died by itself, ${how}: ${logs()}`)
    if (active.get(service) !== instance) return
    takeOver(service).catch((error: unknown) => onDeath(String(error)))
  }

  const canRest = (instance: Instance) =>
    instance.port() > 0 && instance.isRunning() && !resting.has(instance.service)

  return {
    /** The port on which a service listens now; 0 if it does not listen. */
    portOf: (service: ServiceName) => active.get(service)?.port() ?? 0,
    current: (service: ServiceName) => {
      const instance = active.get(service)
      if (!instance) throw new Error(`${service} does not run`)
      return instance
    },
    all: () => [active, resting, others].flatMap((of) => [...of.values()]),
    /** Lets a new process take over, as a supervisor does. The old one stays alive, set aside. */
    takeOver,
    /** Lets another replica go on: one that was set aside before, if there is one. */
    relieve: async (service: ServiceName): Promise<void> => {
      const rested = resting.get(service)
      if (!rested?.isRunning()) return takeOver(service)
      resting.delete(service)
      putInPlace(rested)
      rested.wake()
    },
    /** Ends the processes that were set aside, or lets them rest until they are needed. */
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
    /** None may stay: also none that still starts, and none from a take-over in between. */
    endAll: async () => {
      isEnding = true
      const all = await Promise.allSettled(begun)
      const instances = all.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
      await Promise.all(instances.map((instance) => instance.kill()))
    },
  }
}
