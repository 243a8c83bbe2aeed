import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import postgres from 'postgres'
import { beforeAll, describe, expect, inject, it, vi } from 'vitest'
import type { Verdict } from '../../src/audit/audit.ts'
import { checks } from '../../src/audit/checks.ts'
import { openBooks } from '../../src/audit/databases.ts'
import { databaseVariable } from '../../src/platform/base/variables.ts'
import { servicesWithDatabase, type ServiceName } from '../../src/registry.ts'
import { createHistory } from '../judge/history.ts'
import { fingerprint, untilAtRest } from '../judge/audit.ts'
import { auditBooks } from '../judge/books.ts'
import { createActor } from '../lab/actors.ts'
import { corruptions } from '../lab/books-corruptions.ts'
import { createBooksShop, type BooksShop } from '../lab/books-shop.ts'
import { whenFileEnds } from '../lab/cleanup.ts'
import { api } from '../lab/http.ts'
import { startSystem, type System } from '../lab/system.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const mainFile = new URL('../../src/main.ts', import.meta.url).pathname

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

const look = (since?: Date): Promise<Verdict> =>
  auditBooks(system.databases, { leaseMs: 50, ...(since === undefined ? {} : { since }) })

/** As people run it. */
const run = async (...words: readonly string[]) => {
  const child = spawn(process.execPath, [mainFile, 'audit', ...words], {
    env: {
      LEASE_MS: '50',
      ...Object.fromEntries(
        servicesWithDatabase.map((name) => [databaseVariable(name), system.databases[name]]),
      ),
    },
  })
  const [out, screen] = [text(child.stdout), text(child.stderr)]
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, out: await out, screen: await screen }
}

const readBooks = async () => {
  const { body } = await api(system.urls.gateway).ask('GET', '/books', undefined, {
    as: 'operator',
  })
  return body as { readonly latest: { readonly violations: number } | null }
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

  it('are told as fine, and the verdict is kept for operators', async () => {
    expect(await readBooks()).toEqual({ latest: null })
    const { code, out } = await run()
    expect(out).toMatch(/\nThe books are fine\.\n$/)
    expect(code).toBe(0)
    expect((await readBooks()).latest).toMatchObject({ violations: 0, since: null })
  })

  it('are read on connections on which nothing can be written', async () => {
    const books = openBooks(system.databases)
    try {
      const written = books.ask('billing', `update accounts set balance = balance`)
      await expect(written).rejects.toThrow(/billing cannot be read/)
      await expect(written).rejects.toHaveProperty(
        'cause.message',
        expect.stringMatching(/read-only/),
      )
    } finally {
      await books.close()
    }
  })

  it('are not read when it is not clear what is asked, or where they are', async () => {
    const asked = await run('--since', 'yesterday')
    expect(asked).toMatchObject({ code: 78, out: '' })
    expect(asked.screen).toMatch(/--since must be a duration/)
    const { databases: known } = system
    system = { ...system, databases: { ...known, order: 'postgres://x@127.0.0.1:1/order' } }
    expect(await run()).toMatchObject({ code: 69, out: '' })
    system = { ...system, databases: known }
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
    const told = await run('--json', '--no-record')
    expect((JSON.parse(told.out) as Verdict).violations).toHaveLength(violations.length)
    expect(told.code).toBe(1)
    expect(told.out).not.toContain('@')
    expect((await readBooks()).latest).toMatchObject({ violations: 0 })
  })

  it('name an account that is wrong also while it is never at rest', async () => {
    const idsIn = ({ violations }: Verdict) =>
      violations
        .filter(({ invariant }) => invariant === 'accounts-add-up')
        .map(({ row }) => String(row['id']))
    const [id] = idsIn(await look())
    expect(id).toBeDefined()
    const sql = on('billing')
    let isOver = false
    const working = (async () => {
      while (!isOver) await sql`update accounts set balance = balance + 1 where user_id = ${id!}`
    })()
    const verdict = await look()
    isOver = true
    await working
    expect(idsIn(verdict)).toContain(id)
  })
})
