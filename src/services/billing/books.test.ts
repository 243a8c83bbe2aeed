import { beforeAll, describe, expect, it } from 'vitest'
import { startBilling } from '../../../test/lab/service.ts'
import { recordVerdict, type FoundByAudit } from './books.ts'

let system: Awaited<ReturnType<typeof startBilling>>
beforeAll(async () => {
  system = await startBilling()
})

const found: FoundByAudit = {
  startedAt: '2026-11-20T09:30:00.000Z',
  since: null,
  durationMs: 21_000,
  rows: { 'accounts-add-up': 3, 'orders-fit': 4 },
  violations: [],
  more: 0,
}

const violation = (invariant: string) => ({ invariant, problem: 'p', row: { id: '1' } })

const read = async () => {
  const { status, body } = await system.billing.api.ask('GET', '/books', undefined, {
    as: 'operator',
  })
  expect(status).toBe(200)
  return body
}

const metric = async (name: string) => {
  const text = await system.billing.metrics.registry.metrics()
  return Number(new RegExp(`^${name}\\{[^}]*\\} (\\S+)$`, 'm').exec(text)?.[1])
}

describe('the verdict of the books', () => {
  it('is null, and as old as can be, before the first audit', async () => {
    expect(await read()).toEqual({ latest: null })
    expect(await metric('books_last_audit_timestamp_seconds')).toBe(0)
  })

  it('is what the last audit found', async () => {
    await recordVerdict(system.database.url, found)
    const violations = Array.from({ length: 12 }, (_, place) =>
      violation(place < 11 ? 'orders-fit' : 'accounts-add-up'),
    )
    await recordVerdict(system.database.url, { ...found, violations, more: 5 })
    expect(await read()).toEqual({
      latest: {
        startedAt: found.startedAt,
        since: null,
        durationMs: 21_000,
        rows: 7,
        violations: 17,
        byInvariant: { 'orders-fit': 11, 'accounts-add-up': 1 },
        first: violations.slice(0, 10),
      },
    })
  })

  it('stays that of the whole books when a part was read and was fine, and is that of a part that was not', async () => {
    const since = '2026-11-20T09:00:00.000Z'
    await recordVerdict(system.database.url, { ...found, since })
    expect(await read()).toMatchObject({ latest: { since: null, violations: 17 } })
    await recordVerdict(system.database.url, { ...found, since, more: 18 })
    expect(await read()).toMatchObject({ latest: { since, violations: 18 } })
    await recordVerdict(system.database.url, { ...found, more: 17 })
    expect(await read()).toMatchObject({ latest: { since: null, violations: 17 } })
  })

  it('is a metric', async () => {
    expect(await metric('books_violations')).toBe(17)
    expect(await metric('books_last_audit_timestamp_seconds')).toBe(
      Date.parse(found.startedAt) / 1_000,
    )
  })
})
