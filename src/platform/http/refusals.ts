import { problemTable, type ProblemCode } from '../base/errors.ts'
import type { Log, Metrics } from '../base/telemetry.ts'

/**
 * What the server refuses by itself, before any handler: counted by reason, and
 * one log line for each with the id that the answer tells. A flood must not
 * fill the disk: above some lines a second, the rest is one line with a number.
 */
const refusalReasons = [
  'malformed-http',
  'misdirected-request',
  'unknown-transfer-coding',
  'not-found',
  'request-timeout',
  'payload-too-large',
  'unsupported-media-type',
  'headers-too-large',
  'overloaded',
  /** The connection was cut: it waited longest, and there were more than there may be. */
  'too-many-connections',
  /** The connection was cut: its answers were not read in time, or took too much room. */
  'answer-not-read',
] as const

export type RefusalReason = ProblemCode | (typeof refusalReasons)[number]

const linesPerSecond = 10
const windowMs = 1_000

interface Window {
  told: number
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
    const window = { told: 0, leftOut: 0 }
    windows.set(reason, window)
    setTimeout(closeWindow, windowMs, reason).unref()
    return window
  }

  return {
    tell: (reason: RefusalReason, entry: Readonly<Record<string, unknown>>) => {
      metrics.refusedRequests.labels(reason).inc()
      const window = windows.get(reason) ?? openWindow(reason)
      if (window.told >= linesPerSecond) {
        window.leftOut += 1
        return
      }
      window.told += 1
      const line = { ...entry, code: reason }
      if (isOurFault(reason)) log.warn(line, 'refused')
      else log.info(line, 'refused')
    },
    /** Before the process ends: what was left out must not be lost. */
    close: () => {
      for (const reason of windows.keys()) closeWindow(reason)
    },
  }
}

export type Refusals = ReturnType<typeof createRefusals>
