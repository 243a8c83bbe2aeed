import type { Healing } from './state.ts'

const mostKept = 10
/** Whatever is not healed by then is not measured any more. */
const patienceMs = 120_000
/** Work that is older than this was not done in the ordinary course of things. */
export const oldMs = 1_000

interface Entry {
  readonly what: string
  readonly endedAtMs: number
  healedAfterMs?: number
}

/** For each fault that ended: how long it took until nothing of it was left. */
export const createHealings = (onBegun: () => void) => {
  const entries: Entry[] = []
  const open = () =>
    entries.filter(
      ({ healedAfterMs, endedAtMs }) =>
        healedAfterMs === undefined && Date.now() - endedAtMs < patienceMs,
    )
  return {
    begin: (what: string) => {
      entries.push({ what, endedAtMs: Date.now() })
      entries.splice(0, Math.max(entries.length - mostKept, 0))
      onBegun()
    },
    /** Called after each look, with what was seen by a look that began at that time. */
    onLook: (lookedAtMs: number, isWhole: boolean) => {
      if (!isWhole) return
      for (const entry of open()) {
        if (entry.endedAtMs < lookedAtMs) entry.healedAfterMs = Date.now() - entry.endedAtMs
      }
    },
    isOpen: () => open().length > 0,
    list: (): readonly Healing[] => entries.map((entry) => ({ ...entry })),
  }
}

export type Healings = ReturnType<typeof createHealings>
