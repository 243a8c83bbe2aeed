import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Api } from '../../../test/lab/http.ts'
import { startNotification, startService } from '../../../test/lab/service.ts'
import { uuidv7 } from '../../platform/base/ids.ts'
import { endings } from './booking-letters.ts'
import { renderLetter } from './letters.ts'
import { bookingLetterKinds, orderLetterKinds, type BookingLetterKind } from './states.ts'

let system: Awaited<ReturnType<typeof startNotification>>
let api: Api
let letter: {
  key: string
  userId: string
  email: string
  kind: string
  orderId: string
  amount: number
}
beforeAll(async () => {
  system = await startNotification()
  api = system.notification.api
})
beforeEach(() => {
  const orderId = uuidv7()
  letter = {
    key: `${orderId}:ORDER_APPROVED`,
    userId: uuidv7(),
    email: 'masha@example.com',
    kind: 'ORDER_APPROVED',
    orderId,
    amount: 15_000,
  }
})

const said = {
  paid: { cancelledBy: null, reason: null },
  unpaid: { cancelledBy: null, reason: 'hold-over' },
  cancelled: { cancelledBy: 'CUSTOMER', reason: 'Anna is ill' },
} as const

const aboutBooking = (kind: BookingLetterKind) => {
  const bookingId = uuidv7()
  return {
    key: `${bookingId}:${kind}`,
    userId: letter.userId,
    email: letter.email,
    kind,
    bookingId,
    amount: 15_000,
    title: 'Sauna',
    startsAt: '2026-10-25T17:30:00.000Z',
    timeZone: 'Europe/Berlin',
    ...said[endings[kind]],
  }
}

const send = (more: object = {}) => api.post('/notifications', { ...letter, ...more })
const list = async (query: string) => (await api.get(`/notifications?${query}`)).body

describe('a letter', () => {
  it.each(orderLetterKinds)(
    'of kind %s is written with its words, and found by user and order',
    async (kind) => {
      const { status, body } = await send({ kind })
      expect(status).toBe(201)
      const { key: _key, ...told } = letter
      expect(body).toMatchObject({ ...told, kind })
      expect(body).toMatchObject(renderLetter({ kind, amount: 15_000, orderId: letter.orderId }))
      expect(await list(`userId=${letter.userId}`)).toEqual({ items: [body], next: null })
      expect(await list(`orderId=${letter.orderId}`)).toEqual({ items: [body], next: null })
      expect((await list(`userId=${letter.userId}&orderId=${letter.orderId}`)).items).toEqual([
        body,
      ])
      expect((await list(`userId=${uuidv7()}&orderId=${letter.orderId}`)).items).toEqual([])
    },
  )

  it('about a deposit is written with its words, and is about no order', async () => {
    const { orderId: _orderId, ...rest } = letter
    const deposit = { ...rest, kind: 'DEPOSIT' }
    const { status, body } = await api.post('/notifications', deposit)
    expect([status, body.orderId]).toEqual([201, null])
    expect(body).toMatchObject(renderLetter({ kind: 'DEPOSIT', amount: 15_000 }))
    const { key: _key, ...told } = deposit
    expect(body).toMatchObject(told)
    expect(await list(`userId=${letter.userId}`)).toEqual({ items: [body], next: null })
    const other = await send({ key: 'another', kind: 'DEPOSIT' })
    expect([other.status, other.body.errors[0].field]).toEqual([400, 'orderId'])
  })

  it.each(bookingLetterKinds)(
    'of kind %s is written with its words, and found by user and booking',
    async (kind) => {
      const booking = aboutBooking(kind)
      const { status, body } = await api.post('/notifications', booking)
      expect(status).toBe(201)
      const { userId, email, bookingId, amount } = booking
      expect(body).toMatchObject({ userId, email, kind, bookingId, orderId: null, amount })
      expect(body).toMatchObject(renderLetter(booking))
      expect(body.body).toContain('at 18:30 GMT+01:00 (Europe/Berlin)')
      expect(await list(`userId=${userId}`)).toEqual({ items: [body], next: null })
      expect(await list(`bookingId=${bookingId}`)).toEqual({ items: [body], next: null })
      expect((await list(`userId=${userId}&bookingId=${bookingId}`)).items).toEqual([body])
      expect((await list(`userId=${uuidv7()}&bookingId=${bookingId}`)).items).toEqual([])
      expect((await list(`orderId=${bookingId}`)).items).toEqual([])
      expect((await list(`orderId=${letter.orderId}&bookingId=${bookingId}`)).items).toEqual([])
    },
  )

  it('about a booking is one letter for the customer and one for each manager', async () => {
    const booking = aboutBooking('OFFER_BOOKED')
    const manager = (number: number) => ({
      ...booking,
      key: `${booking.bookingId}:OFFER_BOOKED:${number}`,
      userId: uuidv7(),
    })
    const paid = { ...aboutBooking('BOOKING_PAID'), bookingId: booking.bookingId }
    for (const one of [paid, manager(1), manager(2)]) {
      expect((await api.post('/notifications', one)).status).toBe(201)
    }
    const seen = await api.get(`/notifications?bookingId=${booking.bookingId}`, { as: 'operator' })
    expect(seen.body.items.map((item: { kind: string }) => item.kind)).toEqual([
      'OFFER_BOOKED',
      'OFFER_BOOKED',
      'BOOKING_PAID',
    ])
  })

  it.each([
    ['was paid', 'BOOKING_PAID', 'reason', { reason: 'hold-over' }],
    ['was paid', 'OFFER_BOOKED', 'cancelledBy', { cancelledBy: 'CUSTOMER' }],
    ['was refused', 'BOOKING_REFUSED', 'reason', { reason: null }],
    ['was refused', 'OFFER_REFUSED', 'reason', { reason: 'moon-phase' }],
    ['was released', 'BOOKING_RELEASED', 'reason', { reason: 'constructor' }],
    ['was released', 'OFFER_RELEASED', 'cancelledBy', { cancelledBy: 'COMPANY' }],
    ['was cancelled', 'BOOKING_CANCELLED', 'cancelledBy', { cancelledBy: null }],
    ['was cancelled', 'OFFER_CANCELLED', 'cancelledBy', { cancelledBy: null, reason: null }],
  ] as const)(
    'about a booking that %s is refused as %s by its %s',
    async (_what, kind, field, more) => {
      const { status, body } = await api.post('/notifications', { ...aboutBooking(kind), ...more })
      expect([status, body.errors.length, body.errors[0].field]).toEqual([400, 1, field])
      expect((await list(`userId=${letter.userId}`)).items).toEqual([])
    },
  )

  it.each(orderLetterKinds)('of kind %s needs its order', async (kind) => {
    const { orderId: _orderId, ...without } = letter
    const { status, body } = await api.post('/notifications', { ...without, kind })
    expect(status).toBe(400)
    expect(body.errors[0].field).toBe('orderId')
    expect((await list(`userId=${letter.userId}`)).items).toEqual([])
  })
})

describe('the key of a letter', () => {
  it('gives the same letter again, also after a restart', async () => {
    const first = await send()
    const again = await send()
    const replica = await startService('notification', system.database)
    const elsewhere = await replica.api.post('/notifications', letter)
    expect([first.status, again.status, elsewhere.status]).toEqual([201, 200, 200])
    expect([again.text, elsewhere.text]).toEqual([first.text, first.text])
    expect((await list(`userId=${letter.userId}`)).items).toHaveLength(1)
  })

  it('is the same letter when its ids are written in capitals', async () => {
    const capitals = {
      userId: letter.userId.toUpperCase(),
      orderId: letter.orderId?.toUpperCase(),
    }
    const first = await send(capitals)
    const again = await send()
    expect([first.status, again.status]).toEqual([201, 200])
    expect(again.text).toBe(first.text)
  })

  it.each([
    ['amount', { amount: 1 }],
    ['kind', { kind: 'ORDER_REJECTED' }],
    ['user', { userId: uuidv7() }],
    ['order', { orderId: uuidv7() }],
    ['address', { email: 'pasha@example.com' }],
  ])('with another %s is refused and writes nothing', async (_what, more) => {
    await send()
    const { status, body } = await send(more)
    expect([status, body.code]).toEqual([422, 'idempotency-key-reused'])
    const { sql } = system.database
    expect(await sql`select from letters where key = ${letter.key}`).toHaveLength(1)
    expect((await list(`orderId=${letter.orderId}`)).items[0].amount).toBe(15_000)
  })

  it('is the same letter about a booking when its time is said in another zone', async () => {
    const booking = aboutBooking('BOOKING_CANCELLED')
    const first = await api.post('/notifications', booking)
    const elsewhere = { ...booking, startsAt: '2026-10-25T18:30:00+01:00' }
    const again = await api.post('/notifications', elsewhere)
    expect([first.status, again.status]).toEqual([201, 200])
    expect(again.text).toBe(first.text)
  })

  it.each([
    ['kind', { kind: 'OFFER_CANCELLED' }],
    ['booking', { bookingId: uuidv7() }],
    ['title', { title: 'Bath' }],
    ['time', { startsAt: '2026-10-25T17:31:00Z' }],
    ['time zone', { timeZone: 'Europe/Paris' }],
    ['canceller', { cancelledBy: 'OPERATOR' }],
    ['reason', { reason: 'Berta is ill' }],
    ['lack of a reason', { reason: null }],
    ['amount', { amount: 1 }],
  ])('of a letter about a booking with another %s is refused', async (_what, more) => {
    const booking = aboutBooking('BOOKING_CANCELLED')
    const first = await api.post('/notifications', booking)
    const { status, body } = await api.post('/notifications', { ...booking, ...more })
    expect([status, body.code]).toEqual([422, 'idempotency-key-reused'])
    expect((await list(`bookingId=${booking.bookingId}`)).items).toEqual([first.body])
  })

  it('makes 32 at once on two replicas one letter and one answer', async () => {
    const replica = await startService('notification', system.database)
    const answers = await Promise.all(
      Array.from({ length: 32 }, (_, index) =>
        (index % 2 ? api : replica.api).post('/notifications', letter),
      ),
    )
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(31)
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
  })
})

describe('a list of letters', () => {
  it('shows each once, newest first, over pages of any size, new ones in between or not', async () => {
    const ids: string[] = []
    for (let index = 0; index < 7; index += 1) {
      ids.push((await send({ key: `${letter.key}:${index}` })).body.id)
    }
    const query = `userId=${letter.userId}&limit=3`
    const pages = [await list(query)]
    await send({ key: `${letter.key}:new` })
    for (let last = pages.at(-1); last.next !== null; last = pages.at(-1)) {
      pages.push(await list(`${query}&cursor=${last.next}`))
    }
    const shown = pages.flatMap((page) => page.items)
    expect(shown.map((item) => item.id)).toEqual(ids.toReversed())
    expect(pages.map((page) => page.items.length)).toEqual([3, 3, 1])
  })

  it('has 20 letters by default', async () => {
    await Promise.all(
      Array.from({ length: 21 }, (_, index) => send({ key: `${letter.key}:${index}` })),
    )
    const page = await list(`userId=${letter.userId}`)
    expect([page.items.length, page.next]).toEqual([20, page.items[19].id])
  })
})

describe('the database itself, asked with the role that owns the tables, refuses', () => {
  it.each([
    ['to change a letter', `update letters set subject = 'x'`, /forbidden/],
    ['to lose a letter', 'delete from letters', /forbidden/],
    ['to lose all letters', 'truncate letters', /forbidden/],
    [
      'a second letter with the same key',
      `insert into letters select gen_random_uuid(), key, user_id, email, kind, order_id, amount,
        subject, body from letters limit 1`,
      /letters_key/,
    ],
    [
      'a letter of a kind that nobody knows',
      `insert into letters select gen_random_uuid(), 'other', user_id, email, 'SPAM', order_id, 1,
        subject, body from letters limit 1`,
      /letters_kind/,
    ],
    [
      'a letter that says that nobody we know cancelled a booking',
      `insert into letters (id, key, user_id, email, kind, cancelled_by, amount, subject, body)
        select gen_random_uuid(), 'other', user_id, email, 'BOOKING_CANCELLED', 'NOBODY', 1,
          subject, body from letters limit 1`,
      /letters_cancelled_by/,
    ],
  ])('%s', async (_what, text, why) => {
    await send()
    await expect(system.database.sql.unsafe(text)).rejects.toThrow(why)
    expect((await list(`userId=${letter.userId}`)).items).toHaveLength(1)
  })
})

describe('letters that share a request', () => {
  const together = (letters: readonly object[]) =>
    api.post('/notifications/many', {
      letters: letters.map((one) => ({ requestId: 'r-1', letter: one })),
    })

  it('are each written and answered as if they had come alone', async () => {
    const written = await send()
    const orderId = uuidv7()
    const other = { ...letter, key: `${orderId}:ORDER_APPROVED`, orderId }
    const { status, body } = await together([other, letter, { ...letter, amount: 1 }, other])
    expect(status).toBe(200)
    const [fresh, known, changed, twice] = body.answers
    expect(fresh).toMatchObject({ status: 201, body: { orderId, userId: letter.userId } })
    expect(known).toEqual({ status: 200, body: written.body })
    expect(changed).toMatchObject({ status: 422, body: { code: 'idempotency-key-reused' } })
    expect(twice).toEqual({ status: 200, body: fresh.body })
    expect((await list(`userId=${letter.userId}`)).items).toHaveLength(2)
  })

  it('are refused as a whole when one is not valid, and none is written', async () => {
    const { status, body } = await together([letter, { ...letter, key: uuidv7(), email: 'masha' }])
    expect([status, body.code]).toEqual([400, 'validation-failed'])
    expect((await list(`userId=${letter.userId}`)).items).toEqual([])
  })
})
