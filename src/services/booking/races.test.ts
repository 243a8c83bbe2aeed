import { beforeAll, describe, expect, it, vi } from 'vitest'
import {
  createVisit,
  startBooking,
  storeOffer,
  type BookingSystem,
  type Visit,
} from '../../../test/lab/booking.ts'
import { withoutGuards } from '../../../test/lab/booking-scenes.ts'
import { expectSettled } from '../../../test/lab/booking-truth.ts'
import type { ApiResponse } from '../../../test/lab/http.ts'
import { openAccount, type RunningService } from '../../../test/lab/service.ts'
import type { Behaviour } from '../../../test/lab/upstream.ts'
import { eventually } from '../../../test/lab/wait.ts'
import { uuidv7 } from '../../platform/base/ids.ts'

/** Many want the same at the same moment, from two replicas. */
vi.setConfig({ testTimeout: 60_000 })

/** A thousand at once need their time, and who comes in time is served. */
const patience = {
  REQUEST_BUDGET_MS: '6000',
  CALL_TIMEOUT_MS: '3000',
  LETTER_BUDGET_MS: '6000',
  LEASE_MS: '12100',
  HOLD_MS: '8000',
  MAX_CONCURRENT_REQUESTS: '1024',
}

let system: BookingSystem
let replicas: readonly RunningService[]
let visit: Visit
let companyId: string
let manager: string
beforeAll(async () => {
  system = await startBooking(patience)
  replicas = [system.booking, await system.startReplica()]
  visit = createVisit(system)
  companyId = uuidv7()
  manager = system.addManager(companyId).userId
})

const at = (index: number) => replicas[index % replicas.length]!.api
const times = <Result>(count: number, make: (index: number) => Promise<Result>) =>
  Promise.all(Array.from({ length: count }, (_, index) => make(index)))

const countOf = (answers: readonly ApiResponse[]) => {
  const counts: Record<string, number> = {}
  for (const { status, body } of answers) {
    const what = `${status} ${body.code ?? body.status}`
    counts[what] = (counts[what] ?? 0) + 1
  }
  return counts
}

/** Accounts that billing finds as if each had been opened and paid into. */
const openMany = async (count: number): Promise<string[]> => {
  const ids = Array.from({ length: count }, uuidv7)
  await system.billingDatabase.sql`
    insert into accounts (user_id, email, balance)
    select id, id || '@example.com', 1000 from unnest(${ids}::uuid[]) as v(id)`
  return ids
}

/** Who was told to come back comes back, with the same key. */
const untilTold = async (send: () => Promise<ApiResponse>): Promise<ApiResponse> =>
  eventually(
    async () => {
      const answer = await send()
      if (answer.headers['retry-after'] !== undefined) throw new Error(`still ${answer.status}`)
      return answer
    },
    { withinMs: 30_000 },
  )

describe('a thousand at once on one offer', () => {
  it('are one who has it and 999 who are told so, and nobody else has moved any money', async () => {
    const offerId = await storeOffer(system.database, { companyId, price: 300 })
    const users = await openMany(1_000)
    const answers = await times(1_000, (index) =>
      at(index).post('/bookings', { offerId }, { as: users[index]!, timeoutMs: 55_000 }),
    )
    expect(countOf(answers)).toEqual({ '201 PAID': 1, '409 offer-taken': 999 })
    const [moved] = await system.billingDatabase.sql`
      select count(*)::int as operations, -sum(effect)::int as taken from operations
      where user_id = any(${users}::uuid[])`
    expect(moved).toEqual({ operations: 1, taken: 300 })
    const { bookings } = await expectSettled(system, visit, offerId)
    expect(bookings).toHaveLength(1)
  })

  it('find it open again when who was first cannot pay, and none of them waits for ever', async () => {
    const offerId = await storeOffer(system.database, { companyId, price: 300 })
    const rich = await openMany(4)
    const poor = await Promise.all(Array.from({ length: 20 }, () => openAccount(system.billing, 1)))
    const users = poor.flatMap((each, index) => [
      each,
      ...(index % 5 === 4 ? [rich[index % 4]!] : []),
    ])
    const answers = await times(users.length, async (index) => {
      const key = uuidv7()
      // It may be open again the next moment, so who was not lucky tries once more.
      const post = () => at(index).post('/bookings', { offerId }, { as: users[index]!, key })
      const first = await untilTold(post)
      return first.status === 409 ? untilTold(post) : first
    })
    expect(Object.keys(countOf(answers)).toSorted()).toEqual(
      expect.arrayContaining(['402 insufficient-funds']),
    )
    expect(answers.filter(({ status }) => status === 201).length).toBeLessThanOrEqual(1)
    await expectSettled(system, visit, offerId)
  })
})

describe('the same key', () => {
  it('many times at once, while answers get lost, is one booking and one answer', async () => {
    const offerId = await storeOffer(system.database, { companyId, price: 300 })
    const userId = await openAccount(system.billing, 1_000)
    system.toBilling.behave('drop-answer', 'forward')
    const answers = await times(64, (index) =>
      untilTold(() => at(index).post('/bookings', { offerId }, { as: userId, key: 'one' })),
    )
    expect(countOf(answers)).toEqual({ '201 PAID': 64 })
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
    expect(await visit.balanceOf(userId)).toBe(700)
    await expectSettled(system, visit, offerId)
  })

  it('for several offers at once books one of them, and the others stay open', async () => {
    const offers = await times(6, () => storeOffer(system.database, { companyId, price: 300 }))
    const userId = await openAccount(system.billing, 1_000)
    const answers = await times(24, (index) =>
      untilTold(() =>
        at(index >> 1).post(
          '/bookings',
          { offerId: offers[index % 6] },
          { as: userId, key: 'one' },
        ),
      ),
    )
    const booked = answers.filter(({ status }) => status === 201)
    expect(new Set(booked.map(({ text }) => text)).size).toBe(1)
    expect(booked).toHaveLength(4)
    expect(countOf(answers)).toEqual({ '201 PAID': 4, '422 idempotency-key-reused': 20 })
    for (const offerId of offers) {
      const { offer } = await expectSettled(system, visit, offerId)
      expect(offer).toBe(offerId === booked[0]!.body.offerId ? 'PAID' : 'OPEN')
    }
    expect(await visit.balanceOf(userId)).toBe(700)
  })
})

/** Billing does its work, but every third answer of it is lost. */
const lossy: readonly Behaviour[] = Array.from({ length: 12 }, () => [
  ...(['forward', 'drop-answer', 'forward'] as const),
]).flat()

describe('who pays, who cancels, who withdraws and the end of the hold', () => {
  it('at once, while answers get lost, leave every offer, balance and letter right', async () => {
    const count = 16
    const offers = await times(count, () => storeOffer(system.database, { companyId, price: 300 }))
    const users = await times(count, () => openAccount(system.billing, 1_000))
    system.toBilling.behave('forward', ...lossy, 'forward')
    const told = await times(count, async (index) => {
      const [offerId, userId] = [offers[index]!, users[index]!]
      const key = uuidv7()
      const booking = untilTold(() => at(index).post('/bookings', { offerId }, { as: userId, key }))
      const cancelling = eventually(async () => {
        const [row] = await visit.bookingsOf(userId)
        if (row === undefined) throw new Error('it is not booked yet')
        const path = `/bookings/${row['id']}`
        return index % 4 === 3 ? undefined : at(index + 1).delete(path, { as: userId })
      })
      const withdrawing =
        index % 2 === 0
          ? eventually(async () => {
              const rows = await visit.bookingsOf(userId)
              if (rows.length === 0) throw new Error('it is not booked yet')
              return at(index >> 1).delete(`/offers/${offerId}`, { as: manager })
            })
          : undefined
      const [booked, cancelled, withdrawn] = await Promise.all([booking, cancelling, withdrawing])
      return { booked, cancelled, withdrawn }
    })
    for (const [index, { booked, cancelled, withdrawn }] of told.entries()) {
      const { offer, bookings } = await expectSettled(system, visit, offers[index]!)
      expect([201, 409]).toContain(booked.status)
      expect(bookings).toHaveLength(1)
      const [{ status, decision }] = bookings as unknown as [{ status: string; decision: string }]
      expect(decision).toBe(booked.status === 201 ? 'PAID' : 'RELEASED')
      expect(withdrawn === undefined || offer === 'CANCELLED').toBe(true)
      // What was told with a 2xx stays.
      const toldCancelled = cancelled !== undefined && cancelled.status < 300
      expect(!toldCancelled || status === 'CANCELLED').toBe(true)
      expect(await visit.balanceOf(users[index]!)).toBe(status === 'PAID' ? 700 : 1_000)
    }
  })

  it('that an operator, the customer and the company cancel at once gives the money back once', async () => {
    const offerId = await storeOffer(system.database, { companyId, price: 300 })
    const userId = await openAccount(system.billing, 1_000)
    const { id } = (await visit.book(userId, offerId)).body
    const answers = await times(12, (index) => {
      if (index % 3 === 0) return at(index).delete(`/bookings/${id}`, { as: userId })
      if (index % 3 === 1) return at(index).delete(`/bookings/${id}`, { as: 'operator' })
      return at(index).delete(`/offers/${offerId}`, { as: manager })
    })
    expect(answers.every(({ status }) => status === 200 || status === 202)).toBe(true)
    await expectSettled(system, visit, offerId)
    expect(await visit.movementsOf(userId)).toEqual(['DEPOSIT 1000', 'WITHDRAW 300', 'REFUND 300'])
    // All are told of the same cancellation.
    const by = answers.filter((_, index) => index % 3 < 2).map(({ body }) => body.cancelledBy)
    expect(new Set(by).size).toBe(1)
    expect(
      answers.filter((_, index) => index % 3 === 2).map(({ body }) => body.cancelledBy),
    ).toEqual(Array.from({ length: 4 }, () => 'COMPANY'))
  })
})

describe('who completes against who withdraws', () => {
  it('are one of them, and the money is where the winner says', async () => {
    const offers = await times(10, () => storeOffer(system.database, { companyId, price: 300 }))
    const users = await times(10, () => openAccount(system.billing, 1_000))
    await times(10, async (index) => {
      const { id } = (await visit.book(users[index]!, offers[index]!)).body
      return id
    })
    for (const table of ['offers', 'bookings']) {
      await withoutGuards(
        system.database,
        `update ${table} set starts_at = now() - interval '2 hours',
          ends_at = now() - interval '1 hour'
        where company_id = '${companyId}' and ends_at > now()`,
      )
    }
    await times(10, async (index) => {
      const [row] = await visit.bookingsOf(users[index]!)
      const acts = [
        () => at(index).post(`/bookings/${row?.['id']}/complete`, undefined, { as: manager }),
        () => at(index + 1).delete(`/offers/${offers[index]}`, { as: manager }),
      ]
      const order = index % 2 ? acts.toReversed() : acts
      const answers = await Promise.all(order.map((act) => act()))
      const [completed, withdrawn] = index % 2 ? answers.toReversed() : answers
      const { offer } = await expectSettled(system, visit, offers[index]!)
      const told = [completed?.status, withdrawn?.status]
      expect(told).toEqual(offer === 'COMPLETED' ? [200, 409] : [409, 200])
      expect(await visit.balanceOf(users[index]!)).toBe(offer === 'COMPLETED' ? 700 : 1_000)
    })
  })
})
