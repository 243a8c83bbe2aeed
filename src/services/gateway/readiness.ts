import { ProblemError } from '../../platform/base/errors.ts'
import { createReadinessProbe } from '../../platform/calls/readiness.ts'
import type { ServiceName } from '../../registry.ts'

export interface ReadinessDeps {
  readonly upstreams: readonly { readonly name: ServiceName; readonly url: string }[]
}

/** Together with the page's own interval, a service that hangs is shown within a second. */
const probeTimeoutMs = 500
/** Many clients may ask at once; the services are asked at most ten times a second. */
const freshForMs = 100

/** The gateway is ready when the services behind it are. */
export const createReadiness = ({ upstreams }: ReadinessDeps) => {
  const probes = upstreams.map(({ name, url }) => ({
    name,
    ...createReadinessProbe(url, probeTimeoutMs),
  }))

  const ask = async () => {
    const answers = await Promise.all(
      probes.map(async ({ name, isReady }) => [name, await isReady()] as const),
    )
    const down = answers.filter(([, isReady]) => !isReady).map(([name]) => name)
    if (down.length === 0) return undefined
    const services = Object.fromEntries(
      answers.map(([name, isReady]) => [name, isReady ? 'ready' : 'unavailable']),
    )
    return { detail: `Not ready: ${down.join(', ')}.`, services }
  }

  let asked: { readonly atMs: number; readonly answer: ReturnType<typeof ask> } | undefined

  /** Rejects with the state of each service, so that people and the page see which one is down. */
  const checkReady = async (): Promise<void> => {
    const nowMs = performance.now()
    if (!asked || nowMs - asked.atMs > freshForMs) asked = { atMs: nowMs, answer: ask() }
    const trouble = await asked.answer
    if (!trouble) return
    const { detail, services } = trouble
    throw new ProblemError('unavailable', detail, { members: { services } })
  }

  const close = () => Promise.all(probes.map((probe) => probe.close()))

  return { checkReady, close }
}
