import { uuidv7 } from '../../src/platform/base/ids.ts'
import type { TestDatabase } from './database.ts'
import { startBehind, startWithDatabase, type Behind, type Variables } from './service.ts'
import { startUpstream, type Behaviour } from './upstream.ts'

/** Booking with real billing and notification behind it, and a company that is played. */

export interface PlayedManager {
  readonly userId: string
  readonly email: string
}

/** Who manages which company, from a moment on. */
export interface PlayedMembership extends PlayedManager {
  readonly companyId: string
  readonly from?: Date
}

interface Questions {
  readonly questions: readonly { readonly companyId: string; readonly at: string }[]
}

/** Answers as company does about members who never leave. */
const playCompany =
  (members: readonly PlayedMembership[]): Behaviour =>
  async ({ path, body }) => {
    const url = new URL(path, 'http://company')
    const [, , companyId = ''] = url.pathname.split('/')
    if (url.pathname.endsWith('/standing')) {
      const userId = url.searchParams.get('userId')
      const isMember = members.some(
        (each) => each.companyId === companyId && each.userId === userId,
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
          .filter((each) => each.companyId === asked && (each.from ?? new Date(0)) <= new Date(at))
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
    addManager: (companyId: string, from?: Date): PlayedManager => {
      const userId = uuidv7()
      const manager = { userId, email: `${userId}@example.com` }
      members.push({ ...manager, companyId, ...(from === undefined ? {} : { from }) })
      return manager
    },
  }
}

export type BookingSystem = Awaited<ReturnType<typeof startBooking>>

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
