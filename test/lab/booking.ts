import { uuidv7 } from '../../src/platform/base/ids.ts'
import type { TestDatabase } from './database.ts'
import { startBehind, startWithDatabase, type Behind, type Variables } from './service.ts'
import { startUpstream, type Behaviour } from './upstream.ts'

/** Booking with real billing and notification behind it, and a company that is played. */

export interface PlayedManager {
  readonly userId: string
  readonly email: string
}

/** Who manages which company, from a moment on and until another. */
export interface PlayedMembership extends PlayedManager {
  readonly companyId: string
  readonly from?: Date
  until?: Date
}

interface Questions {
  readonly questions: readonly { readonly companyId: string; readonly at: string }[]
}

const wasMember = ({ from, until }: PlayedMembership, at: Date) =>
  (from === undefined || from <= at) && (until === undefined || at < until)

/** Answers as company does. */
const playCompany =
  (members: readonly PlayedMembership[]): Behaviour =>
  async ({ path, body }) => {
    const url = new URL(path, 'http://company')
    const [, , companyId = ''] = url.pathname.split('/')
    if (url.pathname.endsWith('/standing')) {
      const userId = url.searchParams.get('userId')
      const isMember = members.some(
        (each) =>
          each.companyId === companyId && each.userId === userId && wasMember(each, new Date()),
      )
      const role = isMember ? 'MANAGER' : null
      return {
        status: 200,
        body: JSON.stringify({ companyId, active: true, role, category: null }),
      }
    }
    const { questions } = JSON.parse(body) as Questions
    const answers = questions.map(({ companyId: asked, at }) => ({
      status: 200,
      body: {
        companyId: asked,
        at,
        managers: members
          .filter((each) => each.companyId === asked && wasMember(each, new Date(at)))
          .map(({ userId, email }) => ({ userId, email, name: 'A manager', locale: 'en' })),
      },
    }))
    return { status: 200, body: JSON.stringify({ answers }) }
  }

export const startBooking = async (variables: Variables = {}, given?: Behind) => {
  const { billing, billingDatabase, notification } = given ?? (await startBehind('order'))
  const toBilling = await startUpstream(billing.url)
  const toNotification = await startUpstream(notification.url)
  const toCompany = await startUpstream('http://127.0.0.1:9')
  const members: PlayedMembership[] = []
  const play = playCompany(members)
  toCompany.behave(play)
  const { service: booking, ...started } = await startWithDatabase('booking', {
    COMPANY_URL: toCompany.url,
    BILLING_URL: toBilling.url,
    NOTIFICATION_URL: toNotification.url,
    ...variables,
  })
  return {
    ...started,
    booking,
    billing,
    billingDatabase,
    notification,
    toBilling,
    toNotification,
    toCompany,
    /** Company works as it should again. */
    mendCompany: () => toCompany.behave(play),
    addManager: (companyId: string, from?: Date) => {
      const userId = uuidv7()
      const manager: PlayedManager = { userId, email: `${userId}@example.com` }
      const membership: PlayedMembership = {
        ...manager,
        companyId,
        ...(from === undefined ? {} : { from }),
      }
      members.push(membership)
      const leave = () => {
        membership.until = new Date()
      }
      return { ...manager, leave }
    },
  }
}

export type BookingSystem = Awaited<ReturnType<typeof startBooking>>

interface LetterSeen {
  readonly kind: string
  readonly userId: string
  readonly email: string
  readonly subject: string
  readonly body: string
}

/** What people do with offers and bookings, and what became of them. */
export const createVisit = ({ booking, billing, notification, database }: BookingSystem) => {
  const { sql } = database
  const because = (reason?: string) => (reason === undefined ? '' : `?reason=${reason}`)
  const letters = async (bookingId: string): Promise<LetterSeen[]> => {
    const path = `/notifications?bookingId=${bookingId}&limit=100`
    return (await notification.api.get(path, { as: 'operator' })).body.items
  }
  return {
    book: (userId: string, offerId: string, key?: string) =>
      booking.api.post('/bookings', { offerId }, { as: userId, key }),
    cancel: (as: string, id: string, reason?: string) =>
      booking.api.delete(`/bookings/${id}${because(reason)}`, { as }),
    withdraw: (as: string, offerId: string, reason?: string) =>
      booking.api.delete(`/offers/${offerId}${because(reason)}`, { as }),
    complete: (as: string, id: string) =>
      booking.api.post(`/bookings/${id}/complete`, undefined, { as }),
    bookingNow: async (id: string) => (await sql`select * from bookings where id = ${id}`)[0],
    bookingsOf: async (userId: string) =>
      sql`select * from bookings where user_id = ${userId} order by id`,
    offerNow: async (id: string) => {
      const [row] = await sql`
        select status, booking_id as "bookingId" from offers where id = ${id}`
      return row
    },
    balanceOf: async (userId: string): Promise<number> =>
      (await billing.api.get(`/billing/accounts/${userId}`)).body.balance,
    /** What has moved, oldest first. */
    movementsOf: async (userId: string): Promise<string[]> => {
      const path = `/billing/accounts/${userId}/operations?limit=100`
      const { body } = await billing.api.get(path)
      const moved = body.items.filter(({ status }: { status: string }) => status === 'DONE')
      return moved
        .map(({ kind, amount }: { kind: string; amount: number }) => `${kind} ${amount}`)
        .toReversed()
    },
    letters,
    /** Who was told what, each as often as it was told. */
    told: async (bookingId: string) =>
      (await letters(bookingId)).map(({ kind, email }) => `${kind} ${email}`).toSorted(),
  }
}

export type Visit = ReturnType<typeof createVisit>

export interface OfferToStore {
  readonly companyId?: string
  readonly price?: number
  /** Before now if it is negative. */
  readonly startsInMs?: number
  readonly lastsMs?: number
  readonly title?: string
}

const hourMs = 3_600_000

/** Stores an offer past the service, so that it may be in the past as well. */
export const storeOffer = async (
  { sql }: Pick<TestDatabase, 'sql'>,
  {
    companyId = uuidv7(),
    price = 100,
    startsInMs = 48 * hourMs,
    lastsMs = hourMs,
    title = 'An hour',
  }: OfferToStore = {},
): Promise<string> => {
  const id = uuidv7()
  const startsAt = new Date(Date.now() + startsInMs)
  const endsAt = new Date(startsAt.getTime() + lastsMs)
  await sql`
    insert into offers (id, company_id, category_id, title, price, starts_at, ends_at, time_zone,
      created_by, request_id)
    values (${id}, ${companyId}, ${uuidv7()}, ${title}, ${price}, ${startsAt}, ${endsAt},
      'Europe/Moscow', ${uuidv7()}, 'test')`
  return id
}
