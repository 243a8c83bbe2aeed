import { problemTable, type ProblemCode } from '../base/errors.ts'
import type { Log, Metrics } from '../base/telemetry.ts'

/**
 * Counts and logs what the server refuses before any handler: one line for each refusal, with the
 * id that the answer has. A flood must not fill the disk: above some lines a second, one line
 * gives the number of the rest.
 */
const refusalReasons = [
  'malformed-http',
  'misdirected-request',
  'unknown-transfer-coding',
  'unauthenticated',
  'forbidden',
  'not-found',
  'request-timeout',
  'payload-too-large',
  'unsupported-media-type',
  'headers-too-large',
  'overloaded',
  /** The connection was cut: there were too many, and it was quiet for longest. */
  'too-many-connections',
  /** The connection was cut: its answers were not read in time, or needed too much memory. */
  'answer-not-read',
] as const

export type RefusalReason = ProblemCode | (typeof refusalReasons)[number]

const linesPerSecond = 10
const windowMs = 1_000

interface Window {
  logged: number
  leftOut: number
}

const isOurFault = (reason: RefusalReason) =>
  reason in problemTable && problemTable[reason as ProblemCode].status >= 500

export const createRefusals = (log: Log, metrics: Metrics) => {
  for (const reason of refusalReasons) metrics.refusedRequests.labels(reason).inc(0)
  const windows = new Map<RefusalReason, Window>()

  const closeWindow = (reason: RefusalReason) => {
    const leftOut = windows.get(reason)?.leftOut ?? 0
    windows.delete(reason)
    if (leftOut > 0) log.warn({ code: reason, leftOut }, 'refused, too many to tell each')
  }
  const openWindow = (reason: RefusalReason): Window => {
    const window = { logged: 0, leftOut: 0 }
    windows.set(reason, window)
    setTimeout(closeWindow, windowMs, reason).unref()
    return window
  }

  return {
    record: (reason: RefusalReason, entry: Readonly<Record<string, unknown>>) => {
      metrics.refusedRequests.labels(reason).inc()
      const window = windows.get(reason) ?? openWindow(reason)
      if (window.logged >= linesPerSecond) {
        window.leftOut += 1
        return
      }
      window.logged += 1
      const line = { ...entry, code: reason }
      if (isOurFault(reason)) log.warn(line, 'refused')
      else log.info(line, 'refused')
    },
    /** Call it before the process ends, so that the number of lines left out is not lost. */
    close: () => {
      for (const reason of windows.keys()) closeWindow(reason)
    },
  }
}

export type Refusals = ReturnType<typeof createRefusals>
