import { setTimeout as sleep } from 'node:timers/promises'
import { audit, type Verdict } from '../../audit/audit.ts'
import { openBooks } from '../../audit/databases.ts'
import { isFine } from '../../audit/report.ts'
import type { DatabaseUrls } from '../postgres/provision.ts'
import type { Books } from './state.ts'

const pauseMs = 3_000
/** Long enough for every fault of the lab. Older rows are read and not judged. */
const windowMs = 10 * 60_000
const mostFindings = 20

const quiet = { begin: () => {}, onRows: () => {}, say: () => {} }

const findingsIn = ({ violations, more }: Verdict): string[] => [
  ...violations
    .slice(0, mostFindings)
    .map(({ invariant, problem, row }) => `${invariant}: ${problem} ${JSON.stringify(row)}`),
  ...(more > 0 ? [`and ${more} more`] : []),
]

export interface BooksOptions {
  readonly urls: DatabaseUrls
  /** How long to wait before what looks wrong is looked at again. */
  readonly leaseMs: number
  readonly isWatched: () => boolean
  readonly signal: AbortSignal
}

/** The checks of `npm run audit`, again and again while somebody watches. */
export const createBooks = ({ urls, leaseMs, isWatched, signal }: BooksOptions) => {
  const beganMs = Date.now()
  let told: Books = { verdict: 'not looked yet', findings: [] }
  let isRunning = false

  const look = async () => {
    const since = new Date(Math.max(beganMs, Date.now() - windowMs) - 1_000)
    const books = openBooks(urls)
    try {
      const verdict = await audit({ books, since, leaseMs, progress: quiet, signal })
      told = {
        verdict: isFine(verdict) ? 'they agree' : 'they do not agree',
        atMs: Date.now(),
        rows: Object.values(verdict.rows).reduce((sum, each) => sum + each, 0),
        findings: findingsIn(verdict),
      }
    } catch {
      told = { verdict: 'cannot look', atMs: Date.now(), findings: [] }
    } finally {
      await books.close()
    }
  }

  return {
    /** Goes on until nobody watches any more. */
    run: async () => {
      if (isRunning) return
      isRunning = true
      while (isWatched() && !signal.aborted) {
        if (told.verdict === 'not looked yet') told = { ...told, verdict: 'looking' }
        await look()
        await sleep(pauseMs, undefined, { signal }).catch(() => {})
      }
      isRunning = false
    },
    tell: () => told,
  }
}
