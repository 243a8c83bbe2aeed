/**
 * What clients make us keep: half of a body, requests that wait behind others
 * of their connection, answers that nobody reads. All of it together has one
 * limit. Above it the one goes that has waited longest: an honest client is
 * through within moments, so the newest are never the ones to refuse.
 */
export interface Kept {
  bytes: number
  readonly sinceMs: number
  readonly giveUp: () => void
}

const sweepEveryMs = 1_000

export const createKeptBytes = (maxBytes: number, maxAgeMs: number) => {
  /** Those that may be given up, oldest first. */
  const waiting = new Set<Kept>()
  let total = 0

  const release = (kept: Kept) => {
    waiting.delete(kept)
    total -= kept.bytes
    kept.bytes = 0
  }
  const giveUpWhile = (isTrue: (oldest: Kept) => boolean) => {
    for (const kept of waiting) {
      if (!isTrue(kept)) return
      release(kept)
      kept.giveUp()
    }
  }
  const sweep = setInterval(() => {
    const oldestMs = performance.now() - maxAgeMs
    giveUpWhile(({ sinceMs }) => sinceMs < oldestMs)
  }, sweepEveryMs)
  sweep.unref()

  return {
    total: () => total,
    /** From now on `giveUp` may be called: once, for age or for want of room. */
    keep: (giveUp: () => void): Kept => {
      const kept = { bytes: 0, sinceMs: performance.now(), giveUp }
      waiting.add(kept)
      return kept
    },
    grow: (kept: Kept, bytes: number) => {
      kept.bytes += bytes
      total += bytes
      if (total > maxBytes) giveUpWhile(() => total > maxBytes)
    },
    /** It waits for us now and not for its client: it still counts, and stays. */
    stay: (kept: Kept) => {
      waiting.delete(kept)
    },
    release,
    close: () => clearInterval(sweep),
  }
}

export type KeptBytes = ReturnType<typeof createKeptBytes>
