import { readFileSync } from 'node:fs'
import { getTableColumns, getTableName } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'

export { getTableName } from 'drizzle-orm'
export type { PgTable as Table } from 'drizzle-orm/pg-core'

/**
 * A statement is a file `sql/<verb>.sql` beside the module that defines it, and one typed list of
 * the columns of its input. What a caller must give and what Postgres reads both come from that
 * list, so that a field that is misspelt or missing does not compile.
 */

interface Values {
  readonly uuid: string
  readonly text: string
  readonly int: number
  readonly bigint: number
  readonly boolean: boolean
  readonly jsonb: unknown
}

/** Types of Postgres. A question mark means that the value may be null. */
export type Column = keyof Values | `${keyof Values}?`
export type Columns = Readonly<Record<string, Column>>

/** Only the compiler knows this. */
declare const narrowed: unique symbol
interface Narrowed<Value> {
  readonly [narrowed]: Value
}

/** A text that is one of a few words, or null if the type allows it. */
export const text = <Value extends string | null>() => 'text' as 'text' & Narrowed<Value>

/** JSON of a known shape. Its values stay as JSON has them, so a time is a string. */
export const json = <Value>() => 'jsonb' as 'jsonb' & Narrowed<Value>

type ValueOf<Type> =
  Type extends Narrowed<infer Value>
    ? Value
    : Type extends keyof Values
      ? Values[Type]
      : Type extends `${infer Name extends keyof Values}?`
        ? Values[Name] | null
        : never

type Given<Input extends Columns> = { readonly [Name in keyof Input]: ValueOf<Input[Name]> }

export interface Statement<Item extends object, Result extends object> {
  /** Also the name of its checkpoints and of its metrics. */
  readonly name: string
  readonly text: string
  /** Items that share one of these keys never share a statement. */
  readonly distinctBy?: ((item: Item) => readonly string[]) | undefined
  readonly returns?: Returns<Result> | undefined
}

interface Returns<Result> {
  readonly [narrowed]?: Result
}

/** What a caller must give to a statement. */
export type ItemOf<Known> = Known extends Statement<infer Item, infer _Row> ? Item : never

/** The type of the rows that a statement returns, beside `ord`. */
export const rowsOf = <Result extends object>(): Returns<Result> => ({})

export interface Definition<Input extends Columns, Result extends object> {
  readonly name: string
  /** The file, if its name is not that of the statement: several tables may share a file. */
  readonly file?: string
  /** The table that `{{table}}` and `{{columns …}}` are about. */
  readonly table?: PgTable
  readonly input: Input
  readonly returns: Returns<Result>
  readonly distinctBy?: (item: Given<Input>) => readonly string[]
  /** Placeholders of this file alone, for what differs between the tables that share it. */
  readonly parts?: Readonly<Record<string, string>>
}

/** A row may be tried for days but must not grow: from here on its last entry is overwritten. */
const maxEntries = 20

type Fillable = Pick<Definition<Columns, object>, 'name' | 'table' | 'input' | 'parts'>
type Placeholder = (...words: string[]) => string

/** Everything that a file may have between double braces. */
const placeholdersOf = ({ name, table, input, parts = {} }: Fillable) => {
  const knownTable = () => {
    if (table === undefined) throw new Error(`the statement "${name}" has no table`)
    return table
  }
  return new Map<string, Placeholder>([
    ...Object.entries(parts).map(([part, text]): [string, Placeholder] => [part, () => text]),
    /**
     * The items as rows, each with `ord`, its position in the batch: `select * from {{input}}`.
     * Postgres expects a hundred rows from a function. For so many it would rather read a small table
     * whole than look each row up, and it keeps that plan while the table grows. So there are three
     * conditions that every item meets: Postgres cannot know that, takes each for true of a third, and
     * expects four rows. (From one row it would compare each item of a batch with each other.)
     */
    [
      'input',
      () => {
        const columns = Object.entries(input).map(
          ([key, type]) => `"${key}" ${type.replace('?', '')}`,
        )
        const rows = `json_to_recordset($1::text::json) as t(${['ord int', ...columns].join(', ')})`
        const everyItem = '(ord >= 0 and -ord <= 0 and ord + 1 > 0) is not false'
        return `(select * from ${rows} where ${everyItem}) as t`
      },
    ],
    ['table', () => getTableName(knownTable())],
    /** Each column that this version knows, also if a newer one has added more: `{{columns o}}`. */
    [
      'columns',
      (alias) =>
        Object.values(getTableColumns(knownTable()))
          .map((column) => `${alias}.${column.name}`)
          .join(', '),
    ],
    /** The time after so many milliseconds: `{{from-now i."leaseMs"}}`. */
    ['from-now', (milliseconds) => `now() + ${milliseconds} * interval '1 millisecond'`],
    /** A timeline with one more entry: `{{appended o.timeline i.entry}}`. */
    [
      'appended',
      (timeline, entry) =>
        `case when jsonb_array_length(${timeline}) < ${maxEntries} then ${timeline} || ${entry}
        else jsonb_set(${timeline}, '{${maxEntries - 1}}', ${entry}) end`,
    ],
  ])
}

const fill = (source: string, definition: Fillable) => {
  const placeholders = placeholdersOf(definition)
  return source.replace(/\{\{(.*?)\}\}/g, (whole, inside: string) => {
    const [name = '', ...words] = inside.split(' ')
    const placeholder = placeholders.get(name)
    if (placeholder?.length !== words.length) {
      throw new Error(`the statement "${definition.name}" has an unknown placeholder: ${whole}`)
    }
    return placeholder(...words)
  })
}

/** Removes comments: only people who read the file need them. */
const withoutComments = (source: string) => source.replace(/^ *--.*\n/gm, '')

/** Reads a statement's file once, when the module that defines the statement is loaded. */
export const defineStatement = <const Input extends Columns, Result extends object>(
  /** The module's `import.meta.url`. */
  module: string,
  definition: Definition<Input, Result>,
): Statement<Given<Input>, Result> => {
  const { name, file = name.replaceAll(' ', '-'), input, distinctBy } = definition
  const source = withoutComments(readFileSync(new URL(`sql/${file}.sql`, module), 'utf8'))
  const unread = Object.keys(input).filter((key) => !new RegExp(`\\b${key}\\b`).test(source))
  if (unread.length > 0) throw new Error(`the statement "${name}" does not read ${unread.join()}`)
  return {
    name,
    text: fill(source, definition),
    distinctBy,
  }
}
