/**
 * Counts the bytes that slow clients make us keep: half bodies, requests that wait behind others
 * of their connection, answers that nobody reads. All together have one limit. Above it, the entry
 * that has waited longest is given up: an honest client is done within moments, so the newest
 * entries are never refused.
 */
export interface Kept {
  bytes: number
  readonly sinceMs: number
  readonly giveUp: () => void
}

const sweepEveryMs = 1_000

export const createKeptBytes = (maxBytes: number, maxAgeMs: number) => {
  /** Entries that may be given up, the oldest first. */
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
    /** Calls `giveUp` at most once: when the entry is too old, or when there is no room. */
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
    /** The entry waits for us now, not for its client: it counts, but is never given up. */
    protect: (kept: Kept) => {
      waiting.delete(kept)
    },
    release,
    close: () => clearInterval(sweep),
  }
}

export type KeptBytes = ReturnType<typeof createKeptBytes>
