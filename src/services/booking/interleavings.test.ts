import { beforeAll, describe, expect, it } from 'vitest'
import {
  about,
  entry,
  meetAt,
  openBookingStore,
  stage,
  type Scene,
  type Staged,
} from '../../../test/lab/booking-scenes.ts'
import { createTestDatabase, type TestDatabase } from '../../../test/lab/database.ts'
import { uuidv7 } from '../../platform/base/ids.ts'
import type { BookingStore } from './store.ts'

/**
 * Two replicas change one offer at the same moment, and the second one waits at its row with a
 * snapshot in which the first has done nothing yet. What both are told, and what is stored, must be
 * what comes out if one comes after the other.
 */
let database: TestDatabase
let one: BookingStore
let another: BookingStore
beforeAll(async () => {
  database = await createTestDatabase('booking')
  one = openBookingStore(database.url)
  another = openBookingStore(database.url)
})

type Act = (store: BookingStore, scene: Scene) => Promise<object>

const decided = { email: 'a@example.com', about, entry }
const operator = { actor: '01900000-0000-7000-8000-000000000001', isOperator: true }

const acts = {
  'somebody books': (store, { offerId }) =>
    store.reserveOffer({ offerId, userId: uuidv7(), idempotencyKey: null, requestId: 'r' }),
  'its customer books with the same key': (store, { offerId, userId, key }) =>
    store.reserveOffer({ offerId, userId, idempotencyKey: key, requestId: 'r' }),
  'it is paid': (store, { bookingId: id }) =>
    store.decideBooking({ id, status: 'PAID', reason: null, letterId: uuidv7(), ...decided }),
  'it is refused': (store, { bookingId: id }) =>
    store.decideBooking({
      id,
      status: 'REFUSED',
      reason: 'insufficient-funds',
      letterId: uuidv7(),
      ...decided,
    }),
  'its hold ends': (store, { bookingId: id }) => store.releaseBooking({ id, entry }),
  'its money is back': (store, { bookingId: id }) =>
    store.finishRefund({ id, email: null, letterId: uuidv7(), about, entry }),
  'its customer cancels': (store, { bookingId: id, userId: actor }) =>
    store.cancelBooking({ id, actor, isOperator: false, reason: 'ill' }),
  'an operator cancels': (store, { bookingId: id }) =>
    store.cancelBooking({ id, ...operator, reason: 'fire' }),
  'it is completed': (store, { bookingId: id }) => store.completeBooking({ id }),
  'the company withdraws': (store, { offerId: id }) =>
    store.withdrawOffer({ id, cancelledBy: 'COMPANY', reason: 'flood' }),
} as const satisfies Record<string, Act>

type ActName = keyof typeof acts

const states: readonly [name: string, staged: Staged, names: readonly ActName[]][] = [
  [
    'an offer is open',
    {},
    ['somebody books', 'its customer books with the same key', 'the company withdraws'],
  ],
  [
    'an offer is held',
    { status: 'PENDING' },
    [
      ...(['somebody books', 'its customer books with the same key', 'it is paid'] as const),
      ...(['it is refused', 'its hold ends', 'its customer cancels'] as const),
      'the company withdraws',
    ],
  ],
  [
    'a hold is over',
    { status: 'PENDING', isLate: true },
    ['somebody books', 'it is paid', 'it is refused', 'its hold ends', 'the company withdraws'],
  ],
  [
    'an offer is paid',
    { status: 'PAID' },
    [
      ...(['somebody books', 'it is paid', 'its customer cancels'] as const),
      ...(['an operator cancels', 'the company withdraws', 'it is completed'] as const),
    ],
  ],
  [
    'its time is over',
    { status: 'PAID', isOver: true },
    [
      ...(['somebody books', 'its customer cancels', 'an operator cancels'] as const),
      ...(['the company withdraws', 'it is completed'] as const),
    ],
  ],
  [
    'a booking is released',
    { status: 'RELEASING' },
    [
      ...(['somebody books', 'it is paid', 'it is refused', 'its hold ends'] as const),
      ...(['its money is back', 'its customer cancels', 'the company withdraws'] as const),
    ],
  ],
  [
    'a booking is being cancelled',
    { status: 'CANCELLING' },
    [
      ...(['somebody books', 'its money is back', 'its customer cancels'] as const),
      'the company withdraws',
    ],
  ],
]

/** What somebody is told: the outcome, and what the row says of it. */
const told = (answer: unknown) => {
  const { outcome, changed, status, decision, reason } = answer as Record<string, unknown>
  const { cancelledBy, cancelReason } = answer as Record<string, unknown>
  return { outcome, changed, status, decision, reason, cancelledBy, cancelReason }
}

const stored = async ({ offerId, bookingId }: Scene) => {
  const [row] = await database.sql`
    select o.status, o.cancelled_by as "cancelledBy",
      o.booking_id is not null as held, o.booking_id = ${bookingId} as "isFirst",
      (select jsonb_agg(b.status || ' ' || (b.id = o.booking_id)::text order by b.id)
        from bookings b where b.offer_id = o.id) as bookings,
      (select jsonb_agg(l.kind order by l.kind) from booking_letters l
        join bookings b on b.id = l.booking_id where b.offer_id = o.id) as letters
    from offers o where o.id = ${offerId}`
  return row
}

/** In each state of an offer there is just this of its bookings. */
const expectTrue = async ({ offerId }: Scene) => {
  const [row] = await database.sql`
    select o.status, h.status as holder,
      (select count(*)::int from bookings b where b.offer_id = o.id and b.status in
        ('PENDING', 'PAID', 'RELEASING', 'CANCELLING', 'COMPLETED')) as holding
    from offers o left join bookings h on h.id = o.booking_id where o.id = ${offerId}`
  const allowed: Record<string, readonly (string | null)[]> = {
    OPEN: [null],
    RESERVED: ['PENDING', 'RELEASING'],
    PAID: ['PAID', 'CANCELLING'],
    COMPLETED: ['COMPLETED'],
    CANCELLED: [null, 'RELEASING', 'RELEASED', 'CANCELLING', 'CANCELLED'],
  }
  expect(allowed[row?.['status']]).toContain(row?.['holder'])
  expect(row?.['holding']).toBeLessThanOrEqual(row?.['status'] === 'OPEN' ? 0 : 1)
}

const inTurn = async (staged: Staged, order: readonly ActName[]) => {
  const scene = await stage(database, staged)
  const answers = new Map<ActName, object>()
  for (const name of order) answers.set(name, told(await acts[name](one, scene)))
  return { answers, scene }
}

/** Both orders, each as a whole: who was told what, and what is stored. */
const oneAfterTheOther = async (staged: Staged, first: ActName, second: ActName) => {
  const results: object[] = []
  for (const order of [
    [first, second],
    [second, first],
  ] as const) {
    const { answers, scene } = await inTurn(staged, order)
    const [ofFirst, ofSecond] = [answers.get(first), answers.get(second)]
    results.push({ ofFirst, ofSecond, stored: await stored(scene) })
  }
  return results
}

describe.each(states)('while %s', (_state, staged, names) => {
  const pairs = names.flatMap((first) => names.map((second) => [first, second] as const))
  const different = pairs.filter(([first, second]) => first !== second)
  const same = pairs.filter(([first, second]) => first === second)

  it.each(different)('%s, and %s: both as if one came after the other', async (first, second) => {
    const scene = await stage(database, staged)
    const [ofFirst, ofSecond] = await meetAt(database, scene.offerId, [
      () => acts[first](one, scene),
      () => acts[second](another, scene),
    ])
    await expectTrue(scene)
    const result = { ofFirst: told(ofFirst), ofSecond: told(ofSecond), stored: await stored(scene) }
    expect(await oneAfterTheOther(staged, first, second)).toContainEqual(result)
  })

  it.each(same)('%s on two replicas, it happens once', async (name) => {
    const scene = await stage(database, staged)
    const results = await meetAt(database, scene.offerId, [
      () => acts[name](one, scene),
      () => acts[name](another, scene),
    ])
    await expectTrue(scene)
    const again = await stage(database, staged)
    const expected = [told(await acts[name](one, again)), told(await acts[name](another, again))]
    expect({ told: results.map(told), stored: await stored(scene) }).toEqual({
      told: expected,
      stored: await stored(again),
    })
  })
})
