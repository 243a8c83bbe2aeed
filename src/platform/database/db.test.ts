import { createServer, connect as connectTo, type AddressInfo, type Socket } from 'node:net'
import { beforeAll, describe, expect, it } from 'vitest'
import { whenFileEnds } from '../../../test/lab/cleanup.ts'
import { createEmptyDatabase, type TestDatabase } from '../../../test/lab/database.ts'
import { openTestDatabase } from '../../../test/lab/service.ts'
import { eventually } from '../../../test/lab/wait.ts'
import type { Database } from './db.ts'

let server: TestDatabase
let database: Database
beforeAll(async () => {
  server = await createEmptyDatabase()
  const { username } = new URL(server.url)
  await server.admin.unsafe(`alter role ${username} set statement_timeout = 700`)
  await server.admin.unsafe(`create table notes (id int primary key, text text not null,
    check (text <> 'forbidden'))`)
  await server.admin.unsafe(`grant all on notes to ${username}`)
  database = openTestDatabase('order', server.url)
})

const unavailable = { code: 'unavailable' }
const outcomeUnknown = { code: 'outcome-unknown' }

const insertText = `
  with input as (select * from json_to_recordset($1::text::json) as t(ord int, id int, text text)),
  inserted as (insert into notes select id, text from input returning *)
  select i.ord, n.* from input i join inserted n on n.id = i.id`

/** Postgres sends this when a connection is open: ReadyForQuery, idle. */
const connectionIsOpen = Buffer.from('5a0000000549', 'hex')

/** A link to Postgres that can drop everything, or hold back the message that opens a connection. */
const startLink = async () => {
  const target = new URL(server.url)
  const sockets = new Set<Socket>()
  const kept: (() => void)[] = []
  let isSwallowing = false
  let isKeeping = false
  const link = createServer((client) => {
    const upstream = connectTo(Number(target.port), target.hostname)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {})
    }
    client.on('data', (chunk) => isSwallowing || upstream.write(chunk))
    upstream.on('data', (chunk: Buffer) => {
      if (isSwallowing) return
      const isKept = isKeeping && chunk.subarray(-connectionIsOpen.length).equals(connectionIsOpen)
      if (isKept) kept.push(() => client.write(chunk))
      else client.write(chunk)
    })
    client.on('close', () => upstream.destroy())
    upstream.on('close', () => client.destroy())
  })
  await new Promise<void>((resolve) => {
    link.listen(0, '127.0.0.1', resolve)
  })
  whenFileEnds(() => {
    link.close()
    for (const socket of sockets) socket.destroy()
  })
  const url = new URL(server.url)
  url.port = `${(link.address() as AddressInfo).port}`
  return {
    url: url.href,
    swallow: (yes: boolean) => {
      isSwallowing = yes
    },
    keepWhatOpens: () => {
      isKeeping = true
      return {
        kept: () => kept.length,
        release: () => {
          isKeeping = false
          for (const send of kept.splice(0)) send()
        },
      }
    },
    cut: () => {
      for (const socket of sockets) socket.resetAndDestroy()
    },
  }
}

describe('a statement', () => {
  it('that takes too long is ended by Postgres, its caller is told that nothing was done, and the next works', async () => {
    const startedAtMs = performance.now()
    await expect(
      database.execute({ name: 'sleep', text: 'select pg_sleep(10), $1::text' }, []),
    ).rejects.toMatchObject(unavailable)
    expect(performance.now() - startedAtMs).toBeLessThan(3_000)
    await expect(database.ping()).resolves.toBeUndefined()
  })

  it('whose connection is lost in the middle says that nobody knows, and the next works', async () => {
    const lost = database.execute({ name: 'sleep', text: 'select pg_sleep(0.6), $1::text' }, [])
    const told = lost.catch((error: unknown) => error)
    await eventually(async () => {
      const rows = await server.admin`select from pg_stat_activity
        where application_name = 'orderly' and state = 'active' and datname = current_database()`
      expect(rows.length).toBeGreaterThan(0)
    })
    expect(await server.killConnections()).toBeGreaterThan(0)
    expect(await told).toMatchObject(outcomeUnknown)
    await eventually(() => expect(database.ping()).resolves.toBeUndefined())
  })

  it('that is swallowed by the network ends at its deadline, and a new pool takes over', async () => {
    const link = await startLink()
    const behind = openTestDatabase('order', link.url, { statementTimeoutMs: 300, poolSize: 2 })
    await behind.ping()
    link.swallow(true)
    const startedAtMs = performance.now()
    const attempts = [1, 2, 3, 4].map(() =>
      behind.execute({ name: 'ping', text: 'select $1::text' }, []),
    )
    const outcomes = await Promise.allSettled(attempts)
    expect(performance.now() - startedAtMs).toBeLessThan(2_500)
    expect(outcomes.map(({ status }) => status)).toEqual(outcomes.map(() => 'rejected'))
    expect(outcomes[0]).toMatchObject({ reason: outcomeUnknown })
    // The second connection was never opened, so nothing was sent on it.
    expect(outcomes[1]).toMatchObject({ reason: unavailable })
    link.swallow(false)
    // On an old connection, this would get the answer to an earlier statement.
    let question = 0
    await eventually(async () => {
      question += 1
      const answers = await behind.execute(
        { name: 'ask', text: `select ${question} as answer, $1::text` },
        [],
      )
      expect(answers).toMatchObject([{ answer: question }])
    })
    expect(question).toBeLessThan(5)
  })

  it('whose connection is open in the moment of its deadline is not sent: nothing was done', async () => {
    const link = await startLink()
    const opening = link.keepWhatOpens()
    const behind = openTestDatabase('order', link.url, { statementTimeoutMs: 300, poolSize: 1 })
    const deadlineMs = performance.now() + 300 + 500
    const insert = behind.execute(
      { name: 'insert', text: `insert into notes values (4711, $1::text)` },
      [],
    )
    const told = insert.catch((error: unknown) => error)
    await eventually(() => expect(opening.kept()).toBe(1))
    const leftMs = () => deadlineMs - performance.now()
    // Blocks until two timers are due in one turn: the connection is open, and the time is over.
    setTimeout(opening.release, leftMs() - 20)
    setTimeout(
      () =>
        setImmediate(() => {
          while (leftMs() > -20);
        }),
      leftMs() - 100,
    )
    expect(await told).toMatchObject(unavailable)
    await expect(behind.ping()).resolves.toBeUndefined()
    expect(await server.admin`select from notes where id = 4711`).toHaveLength(0)
  })

  it('on connections that were all reset works again at once or soon', async () => {
    const link = await startLink()
    const behind = openTestDatabase('order', link.url)
    await Promise.all([1, 2, 3].map(() => behind.ping()))
    link.cut()
    await eventually(() => expect(behind.ping()).resolves.toBeUndefined(), { withinMs: 3_000 })
  })

  it('against a Postgres that is not there says so, within seconds, and goes on trying', async () => {
    const url = new URL(server.url)
    url.port = '9'
    const nowhere = openTestDatabase('order', url.href, { statementTimeoutMs: 500 })
    const startedAtMs = performance.now()
    await expect(
      nowhere.execute({ name: 'ask', text: 'select $1::text' }, []),
    ).rejects.toMatchObject(unavailable)
    expect(performance.now() - startedAtMs).toBeLessThan(3_000)
  })

  it('that comes alone runs on the connection that was used last, and only a busy one is spared', async () => {
    const alone = openTestDatabase('order', server.url, { poolSize: 3 })
    const runOnce = async () => {
      const text = 'select pg_backend_pid() as pid, pg_sleep(0.05), $1::text'
      const [row] = await alone.execute<object, { pid: number }>({ name: 'pid', text }, [])
      return row?.pid
    }
    const first = await runOnce()
    for (const _ of [1, 2, 3, 4]) expect(await runOnce()).toBe(first)

    const together = await Promise.all([runOnce(), runOnce(), runOnce()])
    expect(together[0]).toBe(first)
    expect(new Set(together).size).toBe(3)
  })

  it('that breaks a rule of the table fails with that rule, and only for the row that broke it', async () => {
    const insert = database.statement<{ id: number; text: string }, { ord: number; id: number }>({
      name: 'insert notes',
      text: insertText,
    })
    const outcomes = await Promise.allSettled([
      insert({ id: 1, text: 'one' }),
      insert({ id: 2, text: 'forbidden' }),
      insert({ id: 3, text: 'three' }),
    ])
    expect(outcomes.map((outcome) => outcome.status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
    ])
    expect(outcomes[1]).toMatchObject({ reason: { code: '23514' } })
    expect(await server.admin`select id from notes order by id`).toEqual([{ id: 1 }, { id: 3 }])
  })

  it('that Postgres chose as the victim of a deadlock runs again and is done once', async () => {
    const { url, admin } = await createEmptyDatabase()
    await admin.unsafe('create table notes (id int primary key, text text not null)')
    await admin.unsafe(`grant all on notes to ${new URL(url).username}`)
    await admin.unsafe(`insert into notes values (1, 'a'), (2, 'b')`)
    // Locks one row, waits until the other statement has locked the other row, and needs that row, too.
    const text = `
      with input as (
        select * from json_to_recordset($1::text::json) as t(ord int, mine int, theirs int)
      ), locked as materialized (
        select n.id from notes n join input on n.id = mine for update of n
      ), pause as materialized (
        select pg_sleep(0.3), count(*) from locked
      ), touched as (
        update notes n set text = text || '!' from input, pause where n.id = theirs returning n.id
      )
      select input.ord, touched.id from input, touched`
    const replica = () =>
      openTestDatabase('order', url).statement<{ mine: number; theirs: number }, { ord: number }>({
        name: 'touch notes',
        text,
      })
    await Promise.all([replica()({ mine: 1, theirs: 2 }), replica()({ mine: 2, theirs: 1 })])
    expect(await admin`select text from notes order by id`).toEqual([
      { text: 'a!' },
      { text: 'b!' },
    ])
    await eventually(async () => {
      const [row] = await admin`select pg_stat_get_db_deadlocks(oid) as deadlocks from pg_database
        where datname = current_database()`
      expect(Number(row?.['deadlocks'])).toBeGreaterThan(0)
    })
  })
})

describe('what the driver hands over', () => {
  it('keeps every whole number below 2^53 exact, and names columns as the code does', async () => {
    const max = Number.MAX_SAFE_INTEGER
    const [row] = await database.execute(
      {
        name: 'numbers',
        text: `select ${max}::bigint as big_number, -${max}::bigint as small_number, $1::text as given`,
      },
      [],
    )
    expect(row).toEqual({ bigNumber: max, smallNumber: -max, given: '[]' })
  })

  it('is written to disk before it is acknowledged', async () => {
    const rows = await database.execute<object, { fsync: string; syncCommit: string }>(
      {
        name: 'settings',
        text: `select current_setting('fsync') as fsync,
          current_setting('synchronous_commit') as sync_commit, $1::text as given`,
      },
      [],
    )
    expect(rows[0]).toMatchObject({ fsync: 'on', syncCommit: 'on' })
  })
})
