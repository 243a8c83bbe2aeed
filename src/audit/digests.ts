import type { ServiceName } from '../registry.ts'
import { checks, type Check, type DigestName } from './checks.ts'
import type { Books } from './databases.ts'
import { digestText, rangeEndText } from './statements.ts'
import { beforeAll, sweep, together, type Sweep } from './sweep.ts'

/**
 * Most people have all that they must have, so each database says it in one number for a person: the
 * sum of a hash of each thing, of what there must be or of what there is. Where the numbers agree,
 * no row has to travel. Where they do not, something is wrong, or under way, or has several ways to be
 * right, or the servers hash in different ways: then the checks look at each row of that person. So a
 * digest saves work, and never accuses anybody.
 */
interface Part {
  readonly service: ServiceName
  readonly file: string
  /** Whether it says what there is, and not what there must be. */
  readonly isKept: boolean
  /** By its rows the ranges are made. */
  readonly table: string
}

interface Digest {
  readonly name: DigestName
  readonly parts: readonly Part[]
}

export const digests: readonly Digest[] = [
  {
    name: 'payments-by-person',
    parts: [
      { service: 'order', file: 'digest-payments-expected', isKept: false, table: 'orders' },
      { service: 'booking', file: 'digest-payments-of-bookings', isKept: false, table: 'bookings' },
      { service: 'billing', file: 'digest-payments-kept', isKept: true, table: 'operations' },
    ],
  },
  {
    name: 'letters-by-person',
    parts: [
      { service: 'order', file: 'digest-letters-expected', isKept: false, table: 'orders' },
      { service: 'notification', file: 'digest-letters-kept', isKept: true, table: 'letters' },
    ],
  },
]

interface Line {
  readonly userId: string
  readonly count: number
  readonly sum: string
}

/** The first of the places where the tables would end a range; undefined behind the last person. */
const findEnd = async ({ ask }: Books, { parts }: Digest, after: string) => {
  const ends = await Promise.all(
    parts.map(async ({ service, table }) => {
      const [row] = await ask<Pick<Line, 'userId'>>(service, rangeEndText(table), [after])
      return row?.userId
    }),
  )
  return ends.filter((end) => end !== undefined).toSorted()[0]
}

interface Range {
  readonly rows: number
  /** Whose numbers do not agree. */
  readonly people: readonly string[]
}

const compare = async (
  { ask }: Books,
  { parts }: Digest,
  after: string,
  end: string | undefined,
): Promise<Range> => {
  const sums = new Map<string, bigint>()
  let rows = 0
  for (const { service, file, isKept } of parts) {
    for (const { userId, count, sum } of await ask<Line>(service, digestText(file), [
      after,
      end ?? null,
    ])) {
      const part = BigInt(sum)
      sums.set(userId, (sums.get(userId) ?? 0n) + (isKept ? -part : part))
      rows += count
    }
  }
  const people = [...sums].filter(([, sum]) => sum !== 0n).map(([userId]) => userId)
  return { rows, people }
}

export interface DigestOptions {
  readonly books: Books
  readonly digest: Digest
  readonly onRows: (count: number) => void
}

export interface DigestSweep {
  readonly name: DigestName
  readonly rows: number
  readonly sweeps: readonly Sweep[]
}

/** Compares the numbers of all people, and looks at the rows of those with whom they do not agree. */
export const sweepByPerson = async (options: DigestOptions): Promise<DigestSweep> => {
  const { books, digest, onRows } = options
  const concerned = checks.filter((check) => check.digest === digest.name)
  const found = new Map<Check, Sweep>(concerned.map((check) => [check, together(check, [])]))
  let rows = 0
  let after = beforeAll
  for (;;) {
    const end = await findEnd(books, digest, after)
    const range = await compare(books, digest, after, end)
    rows += range.rows
    onRows(range.rows)
    for (const person of range.people) {
      for (const [check, before] of found) {
        const now = await sweep({ books, check, since: undefined, person, onRows: () => {} })
        found.set(check, together(check, [before, now]))
      }
    }
    if (end === undefined) return { name: digest.name, rows, sweeps: [...found.values()] }
    after = end
  }
}
