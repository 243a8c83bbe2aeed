import { seeInstances, type Seen } from '../../platform/calls/instances.ts'
import { toIso } from '../../platform/base/time.ts'
import type { ServiceName } from '../../registry.ts'
import { sliceMs, type Traffic } from './traffic.ts'

export interface ServicesViewDeps {
  readonly upstreams: readonly { readonly name: ServiceName; readonly url: string }[]
  readonly traffic: Traffic<ServiceName>
  /** How this process names itself. */
  readonly instance: string
}

const probeTimeoutMs = 500
/** Many may look at once; the services are asked once a second at most. */
const freshForMs = 1_000
/** Behind one address not all are met each time: one that was met is shown for so long. */
const rememberedForMs = 60_000

const createMemory = () => {
  const lastSeenMs = new Map<string, number>()
  return (instances: readonly string[], nowMs: number) => {
    for (const instance of instances) lastSeenMs.set(instance, nowMs)
    for (const [instance, atMs] of lastSeenMs) {
      if (nowMs - atMs > rememberedForMs) lastSeenMs.delete(instance)
    }
    return [...lastSeenMs].toSorted(([one], [other]) => (one < other ? -1 : 1))
  }
}

type Remember = ReturnType<typeof createMemory>

/** Where each process was asked, one that did not answer is not there any more. */
const replicasOf = ({ instances, areAll }: Seen, remember: Remember, nowMs: number) => {
  const known = remember(instances, nowMs)
  const shown = areAll ? known.filter(([instance]) => instances.includes(instance)) : known
  return shown.map(([instance, atMs]) => ({ instance, lastSeenAt: toIso(new Date(atMs)) }))
}

/** What this gateway sees of the services and of itself. It looks only when somebody asks. */
export const createServicesView = ({ upstreams, traffic, instance }: ServicesViewDeps) => {
  const known = upstreams.map((upstream) => ({ ...upstream, remember: createMemory() }))

  const trafficOf = (name: ServiceName) =>
    traffic.list(name).map(({ atMs, ...slice }) => ({ at: toIso(new Date(atMs)), ...slice }))

  const look = async () => {
    const services = await Promise.all(
      known.map(async ({ name, url, remember }) => {
        const seen = await seeInstances(url, probeTimeoutMs)
        const replicas = replicasOf(seen, remember, Date.now())
        const { isReady, areAll } = seen
        return { name, isReady, replicas, areAllReplicas: areAll, traffic: trafficOf(name) }
      }),
    )
    const at = toIso(new Date())
    const own = {
      name: 'gateway',
      isReady: services.every(({ isReady }) => isReady),
      replicas: [{ instance, lastSeenAt: at }],
      // The others stand behind the address by which clients come.
      areAllReplicas: false,
      traffic: trafficOf('gateway'),
    }
    return { at, gateway: instance, bucketSeconds: sliceMs / 1_000, services: [own, ...services] }
  }

  let last: { readonly atMs: number; readonly view: ReturnType<typeof look> } | undefined
  return (): ReturnType<typeof look> => {
    const nowMs = performance.now()
    if (last === undefined || nowMs - last.atMs > freshForMs) last = { atMs: nowMs, view: look() }
    return last.view
  }
}
