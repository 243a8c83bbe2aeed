import postgres from 'postgres'
import { beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { audit, type Verdict } from '../../src/audit/audit.ts'
import { checks } from '../../src/audit/checks.ts'
import { openBooks } from '../../src/audit/databases.ts'
import type { ServiceName } from '../../src/registry.ts'
import { createHistory } from '../judge/history.ts'
import { fingerprint, untilAtRest } from '../judge/audit.ts'
import { createActor } from '../lab/actors.ts'
import { corruptions } from '../lab/books-corruptions.ts'
import { createBooksShop, type BooksShop } from '../lab/books-shop.ts'
import { whenFileEnds } from '../lab/cleanup.ts'
import { startSystem, type System } from '../lab/system.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

let system: System
let shop: BooksShop
const administrators = new Map<ServiceName, postgres.Sql>()

const on = (service: ServiceName): postgres.Sql => {
  const url = new URL(inject('adminUrl'))
  url.pathname = new URL(system.databases[service] ?? '').pathname
  const known = administrators.get(service)
  const sql = known ?? postgres(url.href, { max: 1, onnotice: () => {} })
  administrators.set(service, sql)
  if (known === undefined) whenFileEnds(() => sql.end({ timeout: 1 }))
  return sql
}

const databases = { sql: (name: string) => on(name as ServiceName) }

const look = async (since?: Date): Promise<Verdict> => {
  const books = openBooks(system.databases)
  try {
    return await audit({
      books,
      since,
      leaseMs: 50,
      progress: { begin: () => {}, onRows: () => {}, say: () => {} },
    })
  } finally {
    await books.close()
  }
}

beforeAll(async () => {
  system = await startSystem()
  const baseUrl = system.urls.gateway
  const actor = createActor({ baseUrl, history: createHistory() })
  shop = createBooksShop(actor, () => untilAtRest(databases))
  const company = await shop.company()
  await Promise.all([
    shop.approved(),
    shop.rejected(),
    shop.repriced(),
    shop.repricedInVain(),
    shop.cancelled(),
    company.booked(),
    company.refused(),
    company.cancelled(),
  ])
  await untilAtRest(databases)
})

describe('the books', () => {
  it('are fine after everything has happened once, and each invariant was looked at', async () => {
    const { violations, more, unsettled, skipped, rows } = await look()
    expect({ violations, more, unsettled, skipped }).toEqual({
      violations: [],
      more: 0,
      unsettled: [],
      skipped: [],
    })
    expect(Object.keys(rows)).toEqual(expect.arrayContaining(checks.map(({ name }) => name)))
  })

  it('name each of the planted corruptions, blame nobody else, and change nothing', async () => {
    const before = new Date(Date.now() + 1)
    const planted = await Promise.all(
      corruptions.map(async ({ name, invariant, plant }) => ({
        name,
        invariant,
        ...(await plant(shop, on)),
      })),
    )
    await untilAtRest(databases)
    const rowsBefore = await fingerprint(databases)
    const { violations, unsettled } = await look()
    const found = violations.map(({ invariant, row }) => `${invariant} ${String(row['id'])}`)
    const missed = planted.filter(({ invariant, id }) => !found.includes(`${invariant} ${id}`))
    expect(missed.map(({ name }) => name)).toEqual([])
    expect(planted.length).toBeGreaterThanOrEqual(20)
    const guilty = planted.flatMap(({ id, about }) => [id, ...about])
    const others = violations.filter(
      ({ row }) => !guilty.some((id) => JSON.stringify(row).includes(id)),
    )
    expect({ others, unsettled }).toEqual({ others: [], unsettled: [] })
    expect(await fingerprint(databases)).toBe(rowsBefore)
    const sinceThen = await look(before)
    expect(sinceThen.violations.length).toBeGreaterThan(0)
  })
})
