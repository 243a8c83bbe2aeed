import { describe, expect, it } from 'vitest'
import { createTestDatabase } from '../../../test/lab/database.ts'
import { openTestDatabase } from '../../../test/lab/service.ts'

interface Thing {
  readonly id: string
}

const findText = `
with input as (select * from json_to_recordset($1::text::json) as t(ord int, id text))
select i.ord, t.* from input i join things t on t.id = i.id`

describe('a table that a migration changes under running services', () => {
  it('is read by prepared statements again at once, and no caller sees a failure', async () => {
    const { url, sql } = await createTestDatabase('notification')
    await sql`create table things (id text primary key)`
    await sql`grant select on things to public`
    await sql`insert into things values ('one'), ('two')`
    const database = openTestDatabase('notification', url)
    const find = database.statement<Thing, Thing & { readonly ord: number }>({
      name: 'find',
      text: findText,
    })
    expect(await find({ id: 'one' })).toMatchObject({ id: 'one' })

    await sql`alter table things add column note text default 'new'`

    const found = await Promise.all([find({ id: 'one' }), find({ id: 'two' })])
    expect(found).toMatchObject([
      { id: 'one', note: 'new' },
      { id: 'two', note: 'new' },
    ])
  })
})
