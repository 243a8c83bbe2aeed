import { atPlace, tracePlace, type TracePlace } from '../base/trace.ts'
import { sharedPlace } from './call-spans.ts'
import { UnknownOutcomeError, leavesOpen } from './transport.ts'
import type { Answer, Attempt } from './client.ts'

/**
 * Calls of one kind that are made within one turn of the event loop share one
 * request, so its cost is paid once: callers that shared a statement continue in the
 * same turn. A call waits only for the end of the turn, and a single call is sent
 * by itself.
 *
 * Each caller gets what it would have got alone. If the callee does not understand
 * the shared request, every call is sent alone. If its outcome is unknown, it is
 * unknown to every caller, and each repeats with its key. A repeat is sent alone,
 * because another call may have caused the failure.
 */
export interface SharedCallsOptions<Call, Given> {
  readonly alone: (call: Call, attempt: Attempt) => Promise<Given>
  /** Returns one part for each call, in their order, or undefined if it was not understood. */
  readonly together: (calls: Call[], timeoutMs: number) => Promise<readonly Part[] | undefined>
  readonly maxTogether: number
}

export interface Part {
  readonly status: number
  readonly body: unknown
}

/** Reads a part like the answer to a single call. Throws when it leaves the outcome open. */
export const readPart = <Given extends Answer>(part: Part | undefined): Given => {
  if (typeof part?.status !== 'number') throw new UnknownOutcomeError('it is no answer')
  if (leavesOpen(part.status)) throw new UnknownOutcomeError(`it was answered ${part.status}`)
  return { status: part.status, data: part.body, headers: {} } as Answer as Given
}

interface Waiting<Call, Given> {
  readonly call: Call
  readonly attempt: Attempt
  /** Where its caller is in a trace. All are sent at the end of a turn, which is somebody's else. */
  readonly place: TracePlace | undefined
  readonly resolve: (answer: Given | Promise<Given>) => void
  readonly reject: (error: unknown) => void
}

export const createSharedCalls = <Call, Given extends Answer>(
  options: SharedCallsOptions<Call, Given>,
) => {
  const { alone, together, maxTogether } = options
  let waiting: Waiting<Call, Given>[] = []

  const sendAlone = ({ call, attempt, place, resolve }: Waiting<Call, Given>) =>
    resolve(atPlace(place, () => alone(call, attempt)))

  const sendTogether = async (entries: readonly Waiting<Call, Given>[]) => {
    // No call may wait longer than it would have waited alone.
    const timeoutMs = Math.min(...entries.map(({ attempt }) => attempt.timeoutMs))
    const calls = entries.map(({ call }) => call)
    const place = sharedPlace(entries.map((entry) => entry.place))
    const parts = await atPlace(place, () => together(calls, timeoutMs))
    if (parts?.length !== entries.length) return entries.forEach(sendAlone)
    entries.forEach(({ resolve, reject }, index) => {
      try {
        resolve(readPart<Given>(parts[index]))
      } catch (error) {
        reject(error)
      }
    })
  }

  const sendAll = () => {
    const entries = waiting
    waiting = []
    for (let at = 0; at < entries.length; at += maxTogether) {
      const some = entries.slice(at, at + maxTogether)
      if (some.length === 1) some.forEach(sendAlone)
      else sendTogether(some).catch((error: unknown) => some.forEach(({ reject }) => reject(error)))
    }
  }

  return (call: Call, attempt: Attempt): Promise<Given> => {
    if (attempt.attempt > 1) return alone(call, attempt)
    return new Promise((resolve, reject) => {
      if (waiting.length === 0) setImmediate(sendAll)
      waiting.push({ call, attempt, place: tracePlace(), resolve, reject })
    })
  }
}
