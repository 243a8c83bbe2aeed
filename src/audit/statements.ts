import { readFileSync } from 'node:fs'
import type { Check } from './checks.ts'

/** The texts of the statements, made from the files in `sql/`. */

/** A range of people has about so many rows in each table. */
const rangeRows = 5_000

/** A timeline with so many entries has lost some: see `{{appended}}` in platform/database. */
const fullTimeline = 20

const uuid = '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'

const recordset = (columns: string) => `json_to_recordset($1::text::json) as e(${columns})`

const placeholdersFor = (since: Date | undefined, table: string) =>
  new Map<string, (word: string) => string>([
    ['table', () => table],
    ['range-rows', () => String(rangeRows)],
    [
      'in-range',
      (column) => `${column} > $1::uuid and ($2::uuid is null or ${column} <= $2::uuid)`,
    ],
    ['full-timeline', () => String(fullTimeline)],
    ['saga-key', () => `'^saga:${uuid}$'`],
    ['letter-key', () => `'^${uuid}:'`],
    ['since', () => (since === undefined ? `'-infinity'::timestamptz` : literal(since))],
    /** When a row was made or last worked on: each step leaves an entry. */
    [
      'changed',
      (alias) =>
        since === undefined
          ? `${alias}.created_at`
          : `greatest(${alias}.created_at, (${alias}.timeline -> -1 ->> 'at')::timestamptz)`,
    ],
    [
      'operations',
      () =>
        recordset(
          'id uuid, "userId" uuid, key text, "keyId" uuid, reference text, "referenceId" uuid, kind text, amount bigint, status text, reason text, effect bigint',
        ),
    ],
    [
      'letters',
      () =>
        recordset(
          'id uuid, key text, "keyId" uuid, kind text, "userId" uuid, "orderId" uuid, "bookingId" uuid, amount bigint, "companyId" uuid, "decidedAt" timestamptz',
        ),
    ],
  ])

const literal = (time: Date) => `'${time.toISOString()}'::timestamptz`

const withoutComments = (source: string) => source.replace(/^ *--.*\n/gm, '')

const read = (file: string, since: Date | undefined, table: string) => {
  const source = readFileSync(new URL(`sql/${file}.sql`, import.meta.url), 'utf8')
  const placeholders = placeholdersFor(since, table)
  return withoutComments(source).replace(
    /\{\{([a-z-]+) ?([\w.]*)\}\}/g,
    (whole, name: string, word: string) => {
      const fill = placeholders.get(name)
      if (fill === undefined) throw new Error(`${file}.sql has an unknown placeholder: ${whole}`)
      return fill(word)
    },
  )
}

const gathered = 'count(*)::int as count, json_agg(x)::text as items'

export interface CheckTexts {
  /** The page after a key ($1): how many rows it has, its last key, and what comes of them. */
  readonly page: string
  /** The same for the rows with these keys ($1, a JSON array). */
  readonly again: string
  /** The same for the rows of a person ($2) after a key ($1). */
  readonly ofPerson: string
  /** For each further step: what is left of the items ($1, a JSON array). */
  readonly further: readonly string[]
}

/** Changes are found by their orders, which have an index by person. */
const rowsOfPerson = ({ table }: Check) =>
  table === 'order_changes'
    ? `select c.* from orders o join order_changes c on c.order_id = o.id where o.user_id = $2::uuid`
    : `select * from ${table} where user_id = $2::uuid`

export const textsOf = (check: Check, since: Date | undefined): CheckTexts => {
  const { table, key, pageSize, steps } = check
  const [first, ...others] = steps.map(({ file }) => read(file, since, table))
  const over = (rows: string) => `
    with page as materialized (${rows})
    select (select count(*)::int from page) as seen,
      (select ${key} from page order by ${key} desc limit 1) as last, ${gathered}
    from (${first}) x`
  return {
    // The size stands in the text, because Postgres would plan an unknown one for a tenth of all rows.
    page: over(`select * from ${table} where ${key} > $1::uuid order by ${key} limit ${pageSize}`),
    ofPerson: over(`select * from (${rowsOfPerson(check)}) as r
      where ${key} > $1::uuid order by ${key} limit ${pageSize}`),
    again: over(`select * from ${table} where ${key} in (
      select value::uuid from json_array_elements_text($1::text::json))`),
    further: others.map((text) => `select ${gathered} from (${text}) x`),
  }
}

/** How many rows of a table owe something, and for how long the oldest has. */
export const waitingText = (table: string) => read('rows-waiting', undefined, table)

/** Where the next range of people ends in a table, and what a digest says of those in a range. */
export const rangeEndText = (table: string) => read('range-end', undefined, table)
export const digestText = (file: string) => read(file, undefined, '')
