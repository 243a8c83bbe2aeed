import { beforeAll, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../../test/lab/database.ts'
import { openTestDatabase } from '../../../test/lab/service.ts'
import { users, type UserRow } from '../../services/user/schema.ts'
import { createDueRows, type DueRow, type DueRowsSettings } from './due-rows.ts'
import { uuidv7 } from '../base/ids.ts'
import { backoffMs } from './recovery.ts'
import { sagaKey, timelineEntry } from './saga.ts'

describe('an id', () => {
  it('is a UUID of version 7, never the same, and later ones sort behind earlier ones', () => {
    const ids = Array.from({ length: 5_000 }, uuidv7)
    expect(new Set(ids).size).toBe(5_000)
    expect(ids).toEqual(ids.toSorted())
    expect(ids.every((id) => /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab]/.test(id))).toBe(true)
  })
})

describe('the pause before the next attempt', () => {
  it('grows with the attempts, stays between an eighth of a second and four, and is never the same for all', () => {
    const pauses = (attempts: number) => Array.from({ length: 200 }, () => backoffMs(attempts))
    for (const attempts of [0, 1, 5, 50, 100_000]) {
      expect(Math.min(...pauses(attempts))).toBeGreaterThan(125)
      expect(Math.max(...pauses(attempts))).toBeLessThan(4_000)
      expect(new Set(pauses(attempts)).size).toBeGreaterThan(20)
    }
    expect(Math.max(...pauses(0))).toBeLessThan(Math.min(...pauses(3)))
  })
})

describe('keys between services', () => {
  it('begin so that the public cannot send them', () => {
    expect(sagaKey('1')).toBe('saga:1')
  })
})

describe('an entry of a timeline', () => {
  const row = { id: uuidv7(), attempts: 2 }
  const after = (outcome: Parameters<typeof timelineEntry>[2]) => timelineEntry(row, 'try', outcome)

  it('says no more than that it was done, when it was done at once', () => {
    const { at, ...rest } = after({ outcome: 'done', ms: 5, attempts: 1 })
    expect(rest).toEqual({ step: 'try', attempt: 3, outcome: 'done', ms: 5 })
    expect(Date.parse(at)).toBeGreaterThan(0)
  })

  it('keeps why it was refused or is unknown, and how many requests it took', () => {
    expect(after({ outcome: 'refused', ms: 5, code: 'insufficient-funds' })).toMatchObject({
      reason: 'insufficient-funds',
    })
    const unknown = {
      outcome: 'unknown',
      ms: 5,
      attempts: 3,
      reason: 'billing answered 503',
    } as const
    expect(after(unknown)).toMatchObject({ reason: 'billing answered 503', calls: 3 })
  })

  it('names nobody in its reason, and keeps it short', () => {
    const told = `GET /users/${uuidv7()} was answered 502 as masha@example.com; \0 ${'x'.repeat(999)}`
    const { reason = '' } = after({ outcome: 'unknown', ms: 5, reason: told })
    expect(reason).toMatch(/^GET \/users\/{id} was answered 502 as \[redacted\]; \? x+$/)
    expect(reason).toHaveLength(120)
  })
})

describe('rows that owe something', () => {
  const leaseMs = 60_000
  const undecidedSince = { PENDING: 'created_at' }
  const settings: DueRowsSettings = {
    leaseMs,
    backlog: { state: 'account', states: ['PENDING'], undecidedSince },
  }
  let database: TestDatabase
  let rows: ReturnType<typeof createDueRows<UserRow>>
  beforeAll(async () => {
    database = await createTestDatabase('user')
    rows = createDueRows(openTestDatabase('user', database.url), users, settings)
  })

  const insert = async (dueIn: string) => {
    const id = uuidv7()
    await database.sql`
      insert into users (id, username, email, request_id, account, due_at)
      values (${id}, ${id}, ${id}, 'r', 'PENDING', now() + ${dueIn}::interval)`
    return id
  }
  const look = async (id: string) => {
    const [row] = await database.sql`
      select attempts, timeline, extract(epoch from due_at - now()) * 1000 as due_in
      from users where id = ${id}`
    return { attempts: row?.['attempts'], timeline: row?.['timeline'], dueInMs: +row?.['due_in'] }
  }
  const entry = (row: DueRow) => timelineEntry(row, 'try', { outcome: 'unknown', ms: 5 })

  it('are claimed once, oldest first, not before they are due, and get a new lease', async () => {
    const late = await insert('-1 hour')
    const later = await insert('-1 minute')
    const notYet = await insert('1 hour')
    expect((await rows.claim(1)).map((row) => row.id)).toEqual([late])
    expect((await rows.claim(10)).map((row) => row.id)).toEqual([later])
    expect(await rows.claim(10)).toEqual([])
    const { attempts, dueInMs } = await look(late)
    expect(attempts).toBe(1)
    expect(dueInMs).toBeGreaterThan(leaseMs - 10_000)
    expect((await look(notYet)).attempts).toBe(0)
  })

  it('are shared out among many workers at once, each row to one of them', async () => {
    const ids = await Promise.all(Array.from({ length: 40 }, () => insert('-1 minute')))
    const other = createDueRows(openTestDatabase('user', database.url), users, settings)
    const workers = Array.from({ length: 8 }, (_, index) => (index % 2 ? rows : other).claim(10))
    const claimed = (await Promise.all(workers)).flat().map((row) => row.id)
    expect(claimed.length).toBe(new Set(claimed).size)
    const rest = (await rows.claim(100)).map((row) => row.id)
    expect([...claimed, ...rest].toSorted()).toEqual(ids.toSorted())
  })

  it('never grow a history of more than 20 entries, whose last one is the newest', async () => {
    const id = await insert('1 hour')
    for (let attempts = 0; attempts < 25; attempts += 1) {
      await rows.postpone({ id, delayMs: 1_000_000, entry: entry({ id, attempts }) })
    }
    const { timeline, dueInMs } = await look(id)
    expect(timeline).toHaveLength(20)
    expect(timeline[0]).toMatchObject({ step: 'try', attempt: 1, outcome: 'unknown', ms: 5 })
    expect(timeline[18].attempt).toBe(19)
    expect(timeline[19].attempt).toBe(25)
    expect(dueInMs).toBeGreaterThan(900_000)
  })

  it('that somebody else finished are left alone, and that is no failure', async () => {
    const id = await insert('1 hour')
    await database.sql`update users set account = 'OPEN', due_at = null where id = ${id}`
    const row = { id, attempts: 0 }
    expect(await rows.postpone({ id, delayMs: 5, entry: entry(row) })).toMatchObject({
      postponed: false,
    })
    expect(await rows.settle({ id, entry: entry(row) })).toMatchObject({ settled: false })
    expect((await look(id)).timeline).toEqual([])
  })
})
