import { parseArgs } from 'node:util'
import { ConfigError } from '../platform/base/config.ts'
import { audit, type Verdict } from './audit.ts'
import { openBooks, type BooksUrls } from './databases.ts'
import { createProgress, type Screen } from './progress.ts'
import { isFine, reportText } from './report.ts'
import { readSince } from './since.ts'

export const auditUsage = `usage: main.ts audit [--since <time or duration>] [--json] [--no-record]
       --since      only what was made or changed since: 24h, 7d, 2026-11-28T10:00:00Z
       --json       the verdict as JSON
       --no-record  leaves the verdict out of billing's database`

export interface AuditWords {
  readonly since: Date | undefined
  readonly isJson: boolean
  readonly isRecorded: boolean
}

const parse = (words: readonly string[]) => {
  try {
    return parseArgs({
      args: [...words],
      options: {
        since: { type: 'string' },
        json: { type: 'boolean', default: false },
        'no-record': { type: 'boolean', default: false },
      },
    }).values
  } catch {
    throw new ConfigError(auditUsage)
  }
}

export const readAuditWords = (words: readonly string[]): AuditWords => {
  const { since, json, 'no-record': noRecord } = parse(words)
  return {
    since: since === undefined ? undefined : readSince(since),
    isJson: json,
    isRecorded: !noRecord,
  }
}

export interface AuditCommand extends AuditWords {
  readonly urls: BooksUrls
  readonly leaseMs: number
  readonly record: (verdict: Verdict) => Promise<void>
  /** The verdict goes to the one, how far it is to the other. */
  readonly out: Screen
  readonly screen: Screen
}

/** Looks, tells, and writes the verdict down. Returns whether the books are fine. */
export const runAudit = async (command: AuditCommand): Promise<boolean> => {
  const { urls, since, leaseMs, isJson, isRecorded, record, out, screen } = command
  const books = openBooks(urls)
  const { progress, end } = createProgress(screen)
  try {
    const verdict = await audit({ books, since, leaseMs, progress })
    end()
    out.write(`${isJson ? JSON.stringify(verdict) : reportText(verdict)}\n`)
    if (isRecorded) await record(verdict)
    return isFine(verdict)
  } finally {
    end()
    await books.close()
  }
}
