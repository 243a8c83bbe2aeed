import { setTimeout as sleep } from 'node:timers/promises'
import { checks, sagaTables, type Check } from './checks.ts'
import type { Books } from './databases.ts'
import { waitingText } from './statements.ts'
import { digests, sweepByPerson } from './digests.ts'
import { lookAgain, sweep, type Suspect, type Sweep } from './sweep.ts'

/**
 * Compares the books of all services while they work. Each database is read at a moment of its own, so
 * what looks wrong may only be under way. It is a violation when two looks, with a lease between them,
 * say exactly the same: whoever was at work is done by then, or has left the row to recovery, which
 * changes it.
 */
export interface Violation {
  /** The name of the check. */
  readonly invariant: string
  readonly problem: string
  /** The row that it is about, and what there is of it elsewhere. */
  readonly row: Readonly<Record<string, unknown>>
}

export interface Waiting {
  readonly table: string
  readonly count: number
  readonly oldestMs: number
}

export interface Verdict {
  readonly startedAt: string
  readonly since: string | null
  readonly durationMs: number
  /** How many rows were looked at, by the name of the check, or of the digest that spared it most. */
  readonly rows: Readonly<Record<string, number>>
  readonly violations: readonly Violation[]
  /** Violations that were too many to be kept, and to be looked at again. */
  readonly more: number
  /** What looked wrong each time, and each time in another way: nobody can say. */
  readonly unsettled: readonly Violation[]
  /** What was not looked at, because its database is somebody else's. */
  readonly skipped: readonly string[]
  /** What is under way: no violation, but whoever reads the verdict should know. */
  readonly waiting: readonly Waiting[]
}

export interface Progress {
  readonly begin: (totalRows: number) => void
  readonly onRows: (count: number) => void
  readonly say: (line: string) => void
}

export interface AuditOptions {
  readonly books: Books
  readonly since?: Date | undefined
  /** How long to wait before what looks wrong is looked at again. */
  readonly leaseMs: number
  /** How many checks are at work at once. */
  readonly lanes?: number
  readonly progress: Progress
  readonly signal?: AbortSignal | undefined
}

/** After so many looks at a row that says something else each time, nobody waits any longer. */
const mostLooks = 4

const isPossible = ({ has }: Books, { steps }: Check) => steps.every(({ service }) => has(service))

/** What the planner expects. It is only for the progress bar. */
const countRows = async ({ ask }: Books, { table, steps }: Check): Promise<number> => {
  const [row] = await ask<{ count: number }>(
    steps[0].service,
    `select greatest(reltuples, 0)::int as count from pg_class where oid = '${table}'::regclass`,
  )
  return row?.count ?? 0
}

interface Swept {
  readonly sweeps: readonly Sweep[]
  /** Rows that were compared by a digest, by its name. */
  readonly digested: Readonly<Record<string, number>>
}

interface Task {
  readonly count: number
  readonly run: () => Promise<Swept>
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0)

/** What was made since some time is found row by row: all rows are read, and those before it not judged. */
const tasksOf = async (options: AuditOptions, possible: readonly Check[]): Promise<Task[]> => {
  const { books, since, progress } = options
  const { onRows } = progress
  const counts = new Map(
    await Promise.all(
      possible.map(async (check) => [check, await countRows(books, check)] as const),
    ),
  )
  const countOf = (check: Check) => counts.get(check) ?? 0
  const single = possible.filter((check) => since !== undefined || check.digest === undefined)
  return [
    ...single.map((check) => ({
      count: countOf(check),
      run: async () => ({ digested: {}, sweeps: [await sweep({ books, since, check, onRows })] }),
    })),
    ...(since === undefined ? digests : []).map((digest) => ({
      count: sum(possible.filter((check) => check.digest === digest.name).map(countOf)),
      run: async () => {
        const { name, rows, sweeps } = await sweepByPerson({ books, digest, onRows })
        return { digested: { [name]: rows }, sweeps }
      },
    })),
  ]
}

const sweepAll = async (options: AuditOptions, possible: readonly Check[]): Promise<Swept> => {
  const { progress, lanes = 2, signal } = options
  // The longest first, so that no lane has a long one left when the other is done.
  const queue = (await tasksOf(options, possible)).toSorted((one, other) => other.count - one.count)
  progress.begin(sum(queue.map(({ count }) => count)))
  const done: Swept[] = []
  const work = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      signal?.throwIfAborted()
      done.push(await next.run())
    }
  }
  await Promise.all(Array.from({ length: lanes }, work))
  return {
    sweeps: done.flatMap(({ sweeps }) => sweeps),
    digested: Object.assign({}, ...done.map(({ digested }) => digested)) as Swept['digested'],
  }
}

interface Settled {
  readonly violations: Violation[]
  readonly unsettled: Violation[]
}

/** Verdicts are printed and logged, so they tell rows and nobody's address. */
const told = ({ name }: Check, { text }: Suspect): Violation => {
  const {
    problem,
    email: _,
    ...row
  } = JSON.parse(text) as {
    readonly problem: string
    readonly email?: string
  }
  return { invariant: name, problem, row }
}

/**
 * Looks at the suspects of a check again, each time a lease later, until each is one or is none. What
 * one statement reads is read at one moment: a row that is wrong at each of four moments is no work
 * under way, though it never says the same because somebody works on it all the time.
 */
const settle = async (options: AuditOptions, { check, suspects }: Sweep): Promise<Settled> => {
  const { books, leaseMs, signal } = options
  const violations: Violation[] = []
  let doubtful = suspects
  for (let look = 2; look <= mostLooks && doubtful.length > 0; look += 1) {
    await sleep(leaseMs, undefined, { signal })
    const before = new Set(doubtful.map(({ text }) => text))
    const now = await lookAgain(books, check, [...new Set(doubtful.map(({ id }) => id))])
    violations.push(...now.filter(({ text }) => before.has(text)).map((one) => told(check, one)))
    doubtful = now.filter(({ text }) => !before.has(text))
  }
  const wrongEachTime = doubtful.map((one) => told(check, one))
  return check.steps.length === 1
    ? { violations: [...violations, ...wrongEachTime], unsettled: [] }
    : { violations, unsettled: wrongEachTime }
}

const findWaiting = async (books: Books): Promise<Waiting[]> => {
  const found = await Promise.all(
    sagaTables.map(async ({ service, table }) => {
      const [row] = await books.ask<{ count: number; oldestMs: string | null }>(
        service,
        waitingText(table),
      )
      return { table, count: row?.count ?? 0, oldestMs: Math.round(Number(row?.oldestMs ?? 0)) }
    }),
  )
  return found.filter(({ count }) => count > 0)
}

export const audit = async (options: AuditOptions): Promise<Verdict> => {
  const { books, since, progress, leaseMs } = options
  const startedAt = new Date()
  const startMs = performance.now()
  const possible = checks.filter((check) => isPossible(books, check))
  const { sweeps, digested } = await sweepAll(options, possible)
  const suspected = sweeps.filter(({ suspects }) => suspects.length > 0)
  if (suspected.length > 0) {
    const count = sum(suspected.map(({ suspects }) => suspects.length))
    progress.say(`${count} rows may be under way: looking again in ${leaseMs / 1_000} s`)
  }
  const settled = await Promise.all(suspected.map((each) => settle(options, each)))
  const waiting = await findWaiting(books)
  return {
    startedAt: startedAt.toISOString(),
    since: since?.toISOString() ?? null,
    durationMs: Math.round(performance.now() - startMs),
    rows: {
      ...digested,
      ...Object.fromEntries(sweeps.map(({ check, rows }) => [check.name, rows])),
    },
    violations: settled.flatMap(({ violations }) => violations),
    more: sum(sweeps.map(({ beyond }) => beyond)),
    unsettled: settled.flatMap(({ unsettled }) => unsettled),
    skipped: checks.filter((check) => !possible.includes(check)).map(({ name }) => name),
    waiting,
  }
}
