import { uuidv7 } from '../../src/platform/base/ids.ts'
import { createTestDatabase } from './database.ts'
import type { Api, RequestOptions } from './http.ts'
import { startService, type Variables } from './service.ts'
import { startUpstream, type SeenRequest } from './upstream.ts'

/** What company says about everybody, unless a test says something else. */
export interface Standing {
  readonly active: boolean
  readonly role: 'ADMIN' | 'MANAGER' | null
  /** The ids above a category. Null: there is no such category. */
  readonly above: readonly string[] | null
}

const manager: Standing = { active: true, role: 'MANAGER', above: [] }

const answerStanding = ({ path }: SeenRequest, { active, role, above }: Standing) => {
  const { pathname, searchParams } = new URL(path, 'http://company')
  const id = searchParams.get('categoryId')
  const category = id === null || above === null ? null : { id, path: [...above, id] }
  const body = { companyId: pathname.split('/')[2], active, role, category }
  return { status: 200, body: JSON.stringify(body) }
}

/** Booking over its own database. A script answers in the place of company. */
export const startOffering = async (variables: Variables = {}) => {
  const company = await startUpstream('http://127.0.0.1:9')
  const say = (standing: Partial<Standing> = {}) =>
    company.behave(async (request) => answerStanding(request, { ...manager, ...standing }))
  say()
  const database = await createTestDatabase('booking')
  const start = () => startService('booking', database, { COMPANY_URL: company.url, ...variables })
  const booking = await start()
  return { booking, api: booking.api, database, company, say, startReplica: start }
}

export type Offering = Awaited<ReturnType<typeof startOffering>>

const hourMs = 3_600_000

/** Noon of the day that is so many days ahead: no test runs into it. */
export const daysAhead = (days: number, hours = 0): string => {
  const today = Math.floor(Date.now() / 86_400_000) * 86_400_000
  return new Date(today + days * 86_400_000 + (12 + hours) * hourMs).toISOString()
}

/** A right body, an hour long, with what a test says of it. */
export const offerOf = (given: Readonly<Record<string, unknown>> = {}) => ({
  companyId: uuidv7(),
  categoryId: uuidv7(),
  title: 'Haircut',
  price: 1_000,
  startsAt: daysAhead(10),
  endsAt: daysAhead(10, 1),
  ...given,
})

/** Offers it as somebody who manages the company, and returns the offer. */
export const offer = async (
  api: Api,
  given: Readonly<Record<string, unknown>> = {},
  options: RequestOptions = {},
) => {
  const { status, body } = await api.post('/offers', offerOf(given), options)
  if (status !== 201) throw new Error(`it was not offered: ${JSON.stringify(body)}`)
  return body
}
