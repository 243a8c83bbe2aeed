import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest'
import { letters } from '../../services/notification/schema.ts'
import { defineStatement, json, rowsOf, text, type ItemOf } from './statement.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'orderly-statement-'))
  mkdirSync(join(folder, 'sql'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const define = (source: string) => {
  writeFileSync(join(folder, 'sql/insert-things.sql'), source)
  return defineStatement(pathToFileURL(join(folder, 'store.ts')).href, {
    name: 'insert things',
    input: {
      id: 'uuid',
      price: 'bigint',
      note: 'text?',
      kind: text<'A' | 'B'>(),
      reason: text<'C' | null>(),
      entry: json<{ readonly at: string }>(),
    },
    returns: rowsOf<{ readonly id: string }>(),
    distinctBy: ({ id, kind }) => [id, kind],
  })
}
type Thing = ItemOf<ReturnType<typeof define>>

const all = 'select id, price, note, kind, reason, entry from {{input}}'

describe('a statement', () => {
  it('is its file, with the columns of its input and without its comments', () => {
    expect(define(`-- Why.\n${all}\n  -- Why {{not}}.\nwhere true`).text).toBe(
      `select id, price, note, kind, reason, entry from (select * from ` +
        `json_to_recordset($1::text::json) as t(ord int, "id" uuid, "price" bigint, "note" text, ` +
        `"kind" text, "reason" text, "entry" jsonb) ` +
        `where (ord >= 0 and -ord <= 0 and ord + 1 > 0) is not false) as t\nwhere true`,
    )
  })

  it.each([
    ['a placeholder that nobody knows', `${all} {{nobody}}`, /unknown placeholder: \{\{nobody\}\}/],
    ['too few words in a placeholder', `${all} {{from-now}}`, /unknown placeholder/],
    ['a table although it names none', `${all} {{table}}`, /has no table/],
    [
      'a column of its input that it does not read',
      'select id, kind from {{input}}',
      /not read pri/,
    ],
  ])('is refused when it is loaded with %s', (_what, source, why) => {
    expect(() => define(source)).toThrow(why)
  })

  it('returns the columns of its table by name, and none that is added later', () => {
    writeFileSync(join(folder, 'sql/show.sql'), 'select {{columns l}} from {{table}} l')
    const show = defineStatement(pathToFileURL(join(folder, 'store.ts')).href, {
      name: 'show letters',
      file: 'show',
      table: letters,
      input: {},
      returns: rowsOf<object>(),
    })
    expect(show.text).toBe(
      'select l.id, l.key, l.user_id, l.email, l.kind, l.order_id, l.booking_id, l.title, ' +
        'l.starts_at, l.time_zone, l.cancelled_by, l.because, l.amount, l.subject, l.body, ' +
        'l.created_at from letters l',
    )
  })
})

/** The compiler checks these: `npm run types`. */
describe('the item of a statement', () => {
  it('has the types of its columns', () => {
    expectTypeOf<Thing>().toEqualTypeOf<{
      readonly id: string
      readonly price: number
      readonly note: string | null
      readonly kind: 'A' | 'B'
      readonly reason: 'C' | null
      readonly entry: { readonly at: string }
    }>()
  })

  it('does not fit with a field that is misspelt, missing or of another type', () => {
    expectTypeOf<Omit<Thing, 'note'>>().not.toExtend<Thing>()
    expectTypeOf<Omit<Thing, 'note'> & { nte: string }>().not.toExtend<Thing>()
    expectTypeOf<Omit<Thing, 'id'> & { id: number }>().not.toExtend<Thing>()
    expectTypeOf<Omit<Thing, 'kind'> & { kind: string }>().not.toExtend<Thing>()
  })
})
