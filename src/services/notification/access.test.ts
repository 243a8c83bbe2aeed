import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Api, RequestOptions } from '../../../test/lab/http.ts'
import { startNotification } from '../../../test/lab/service.ts'
import { learn } from '../../../test/lab/strangers.ts'
import { uuidv7 } from '../../platform/base/ids.ts'

let system: Awaited<ReturnType<typeof startNotification>>
let api: Api
let owner: string
let stranger: string
let orderId: string
let bookingId: string
const operator = { id: uuidv7(), roles: ['operator'] }
beforeAll(async () => {
  system = await startNotification()
  api = system.notification.api
})
beforeEach(async () => {
  owner = uuidv7()
  stranger = uuidv7()
  orderId = uuidv7()
  bookingId = uuidv7()
  await send(owner, orderId)
  await sendAboutBooking(owner)
})

const letterTo = (userId: string, order: string, kind = 'ORDER_APPROVED') => ({
  key: `${order}:${kind}`,
  userId,
  email: `${userId}@example.com`,
  kind,
  orderId: order,
  amount: 5,
})
const send = async (userId: string, order: string, kind?: string): Promise<string> =>
  (await api.post('/notifications', letterTo(userId, order, kind))).body.id
const sendAboutBooking = async (userId: string, kind = 'BOOKING_PAID'): Promise<string> => {
  const { orderId: _orderId, ...letter } = letterTo(userId, bookingId, kind)
  const booking = { bookingId, title: 'Sauna', startsAt: '2026-10-25T17:30:00Z', timeZone: 'UTC' }
  const said = { cancelledBy: null, reason: null }
  return (await api.post('/notifications', { ...letter, ...booking, ...said })).body.id
}
const list = async (query: string, as: RequestOptions['as']) =>
  (await api.get(`/notifications?${query}`, { as })).body
const nothing = { items: [], next: null }

describe('the letters of somebody else', () => {
  it.each([
    ['of the user', () => owner, (id: string) => `userId=${id}`],
    ['about the order', () => orderId, (id: string) => `orderId=${id}`],
    ['about the booking', () => bookingId, (id: string) => `bookingId=${id}`],
    [
      'of the user about a booking',
      () => owner,
      (id: string) => `userId=${id}&bookingId=${bookingId}`,
    ],
    [
      'about the booking to me',
      () => bookingId,
      (id: string) => `userId=${stranger}&bookingId=${id}`,
    ],
    ['of the user about an order', () => owner, (id: string) => `userId=${id}&orderId=${orderId}`],
    ['about the order to me', () => orderId, (id: string) => `userId=${stranger}&orderId=${id}`],
    ['after a cursor', () => owner, (id: string) => `userId=${id}&cursor=${uuidv7()}`],
  ])('are as many as there are of nobody: those %s', async (_what, theirs, query) => {
    const ask = (id: string) => api.get(`/notifications?${query(id)}`, { as: stranger })
    const learnt = await learn(theirs(), ask)
    expect(learnt).toEqual(await learn(uuidv7(), ask))
    expect(learnt.text).toBe(JSON.stringify(nothing))
    expect(learnt.statements).toEqual(['list letters'])
  })

  it('about one order are not seen by another who has letters about it', async () => {
    await send(stranger, orderId, 'ORDER_CANCELLED')
    const seen = await list(`orderId=${orderId}`, stranger)
    expect(seen.items).toMatchObject([{ userId: stranger }])
  })

  it('about one booking are not seen by a manager who has letters about it', async () => {
    await sendAboutBooking(stranger, 'OFFER_BOOKED')
    const theirs = await list(`bookingId=${bookingId}`, stranger)
    expect(theirs.items).toMatchObject([{ userId: stranger, kind: 'OFFER_BOOKED' }])
    const own = await list(`bookingId=${bookingId}`, owner)
    expect(own.items).toMatchObject([{ userId: owner, kind: 'BOOKING_PAID' }])
  })
})

describe('a list of letters', () => {
  it('without a user is the caller’s own', async () => {
    const own = await list('', owner)
    expect(own.items).toMatchObject([
      { userId: owner, bookingId },
      { userId: owner, orderId },
    ])
    expect(own).toEqual(await list(`userId=${owner}`, owner))
    expect(await list('', stranger)).toEqual(nothing)
  })

  it('shows an operator those of one user, order or booking, or everybody’s, page by page', async () => {
    const last = await send(stranger, uuidv7())
    const theirs = await list(`userId=${owner}`, operator)
    expect(theirs.items).toMatchObject([{ bookingId }, { orderId }])
    expect((await list(`orderId=${orderId}`, operator)).items).toMatchObject([{ userId: owner }])
    const booked = await list(`bookingId=${bookingId}`, operator)
    expect(booked.items).toMatchObject([{ userId: owner }])
    const first = await list('limit=1', operator)
    expect([first.items[0].id, first.next]).toEqual([last, last])
    const second = await list(`limit=1&cursor=${first.next}`, operator)
    expect(second.items).toMatchObject([{ userId: owner }])
  })
})

describe('the routes of services', () => {
  it.each<RequestOptions['as']>(['nobody', uuidv7(), operator, { service: 'user' }])(
    'write no letter for %j',
    async (as) => {
      const letter = letterTo(owner, uuidv7())
      const many = { letters: [{ requestId: 'r', letter }] }
      for (const [path, body] of [
        ['/notifications', letter],
        ['/notifications/many', many],
      ] as const) {
        const { status, body: problem } = await api.post(path, body, { as })
        expect([status, problem.code]).toEqual([401, 'unauthenticated'])
      }
      expect((await list('', owner)).items).toHaveLength(2)
    },
  )

  it.each(['billing', 'order', 'booking'] as const)('write letters for %s', async (service) => {
    const { status } = await api.post('/notifications', letterTo(owner, uuidv7()), {
      as: { service },
    })
    expect(status).toBe(201)
  })
})

describe('what an operator reads', () => {
  it('is written down with whom it is about, and only operators see that', async () => {
    await list(`userId=${owner}`, operator)
    const acts = await api.get(`/acts/notification?subject=${owner}`, { as: operator })
    expect(acts.body.items).toMatchObject([
      { operator: operator.id, method: 'GET', route: '/notifications', subject: owner },
    ])
    expect((await api.get('/acts/notification', { as: owner })).status).toBe(403)
  })

  it('is not shown when it cannot be written down', async () => {
    const { sql, asService } = system.database
    const [role] = await asService`select current_user as name`
    await sql`revoke insert on operator_acts from ${sql(role?.['name'])}`
    const refused = await api.get(`/notifications?userId=${owner}`, { as: operator })
    await sql`grant insert on operator_acts to ${sql(role?.['name'])}`
    expect([refused.status, refused.text.includes(owner)]).toEqual([503, false])
  })
})
