import { expect, it } from 'vitest'
import { createTestDatabase } from '../../../test/lab/database.ts'
import { metricIn } from '../../../test/lab/metrics.ts'
import { openTestDatabase } from '../../../test/lab/service.ts'
import { createMetrics } from '../../platform/base/telemetry.ts'
import { countDecisions } from './decisions.ts'
import { createUserStore } from './store.ts'

const nobody = {
  phone: null,
  firstName: null,
  lastName: null,
  requestId: 'r',
  locale: 'en',
} as const
const entry = { at: '2026-01-01T00:00:00.000Z', step: 's', attempt: 1, outcome: 'done', ms: 1 }

it('counts each user who is opened or refused once, whoever comes second or repeats', async () => {
  const metrics = createMetrics('user')
  const { url } = await createTestDatabase('user')
  const store = countDecisions(createUserStore(openTestDatabase('user', url), 60_000), metrics)
  const counted = async () =>
    Promise.all(
      [
        { state: 'OPEN', reason: '' },
        { state: 'REFUSED', reason: 'username-taken' },
        { state: 'REFUSED', reason: 'email-taken' },
      ].map((labels) => metricIn(metrics, 'saga_decisions_total', { saga: 'users', ...labels })),
    )
  const signUp = (username: string, idempotencyKey: string) =>
    store.insert({
      ...nobody,
      username,
      email: `${username}-${idempotencyKey}@example.com`,
      passwordHash: null,
      passwordSalt: null,
      idempotencyKey,
    })
  expect(await counted()).toEqual([0, 0, 0])

  const { id } = await signUp('masha', 'first')
  expect(id).not.toBeNull()
  await store.markOpen({ id: id ?? '', entry })
  await store.markOpen({ id: id ?? '', entry })
  expect(await counted()).toEqual([1, 0, 0])

  await signUp('masha', 'second')
  await signUp('masha', 'second')
  expect(await counted()).toEqual([1, 1, 0])
})
