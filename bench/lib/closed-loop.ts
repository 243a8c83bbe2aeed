import { latenciesOf, type Latencies } from './stats.ts'

/** Clients that each send the next request when the one before it was answered. */
export interface LoopJob {
  readonly clients: number
  readonly seconds: number
  readonly warmUpSeconds: number
}

export interface LoopResult extends Latencies {
  readonly perSecond: number
  /** Requests in the measured time. */
  readonly count: number
  /** All requests that succeeded, also before and after the measured time. */
  readonly succeeded: number
  readonly failed: number
  readonly firstFailure: string | undefined
}

const maxSamples = 4_000_000

/**
 * `once` sends one request. It resolves with undefined, or with what went wrong. A failure is
 * counted and reported, and does not count as a latency.
 */
export const runClosedLoop = async (
  job: LoopJob,
  once: (client: number) => Promise<string | undefined>,
): Promise<LoopResult> => {
  const beginMs = performance.now() + job.warmUpSeconds * 1_000
  const endMs = beginMs + job.seconds * 1_000
  let samples = new Float64Array(1 << 16)
  let count = 0
  let succeeded = 0
  let failed = 0
  let firstFailure: string | undefined

  const note = (ms: number) => {
    if (count === samples.length && samples.length < maxSamples) {
      const larger = new Float64Array(samples.length * 2)
      larger.set(samples)
      samples = larger
    }
    if (count < samples.length) samples[count] = ms
    count += 1
  }

  const runClient = async (client: number) => {
    for (;;) {
      const startedAtMs = performance.now()
      if (startedAtMs >= endMs) return
      const failure = await once(client)
      const nowMs = performance.now()
      if (failure === undefined) succeeded += 1
      else {
        failed += 1
        firstFailure ??= failure
      }
      if (failure === undefined && nowMs >= beginMs && nowMs < endMs) note(nowMs - startedAtMs)
    }
  }

  await Promise.all(Array.from({ length: job.clients }, (_, client) => runClient(client)))
  return {
    ...latenciesOf(samples.subarray(0, Math.min(count, samples.length))),
    perSecond: count / job.seconds,
    count,
    succeeded,
    failed,
    firstFailure,
  }
}
