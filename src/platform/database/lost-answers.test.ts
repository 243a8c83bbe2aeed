import { describe, expect, it } from 'vitest'
import { openLink } from '../../local/lab/link.ts'
import { whenFileEnds } from '../../../test/lab/cleanup.ts'
import { createTestDatabase } from '../../../test/lab/database.ts'
import { openTestDatabase } from '../../../test/lab/service.ts'

interface Note {
  readonly word: string
}

const insertText = `
with input as (select * from json_to_recordset($1::text::json) as t(ord int, word text)),
inserted as (insert into notes select word from input returning word)
select i.ord, n.word from input i join inserted n on n.word = i.word`

describe('a shared statement whose answer is lost after its commit', () => {
  it('is not run again: its callers are told that nobody knows, and it was done once', async () => {
    const { url, sql } = await createTestDatabase('notification')
    await sql.unsafe('create table notes (word text); grant select, insert on notes to public')
    const address = new URL(url)
    const postgresPort = Number(address.port)
    const link = await openLink({
      name: 'database',
      protocol: 'database',
      targets: () => [postgresPort],
    })
    whenFileEnds(link.close)
    address.port = String(link.port)
    const database = openTestDatabase('notification', address.href, { poolSize: 1 })
    const insert = database.statement<Note, Note & { readonly ord: number }>({
      name: 'note',
      text: insertText,
    })
    await insert({ word: 'before' })

    const fault = link.begin({ kind: 'cut', direction: 'down', fractions: [0] })
    const lost = await Promise.allSettled([insert({ word: 'one' }), insert({ word: 'two' })])
    fault.end()

    expect(fault.strikes()).toBe(1)
    for (const each of lost) {
      expect(each).toMatchObject({ status: 'rejected', reason: { code: 'outcome-unknown' } })
    }
    await insert({ word: 'after' })
    const notes = await sql<Note[]>`select word from notes`
    expect(notes.map(({ word }) => word)).toStrictEqual(['before', 'one', 'two', 'after'])
  })
})
