import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  daysAhead,
  offer,
  offerOf,
  startOffering,
  type Offering,
} from '../../../test/lab/offering.ts'
import type { Api } from '../../../test/lab/http.ts'
import { uuidv7 } from '../../platform/base/ids.ts'

let system: Offering
let api: Api
beforeAll(async () => {
  system = await startOffering({ REQUEST_BUDGET_MS: '600', CALL_TIMEOUT_MS: '300' })
  api = system.api
})
beforeEach(() => system.say())

const stored = async () => {
  const [counts] = await system.database.sql`
    select (select count(*)::int from offers) as offers,
      (select count(*)::int from offer_terms) as terms`
  return counts
}

describe('an offer', () => {
  it('is answered with what was sent, and is found under its address', async () => {
    const sent = offerOf({
      title: 'Стрижка',
      description: 'Час',
      timeZone: 'Europe/Moscow',
      resource: 'Анна',
      location: { lat: 55.75, lng: 37.62 },
      startsAt: '2099-07-01T10:00:00+03:00',
      endsAt: '2099-07-01T11:30:00+03:00',
    })
    const { status, body, headers } = await api.post('/offers', sent)
    expect(status, JSON.stringify(body)).toBe(201)
    expect(headers['location']).toBe(`/offers/${body.id}`)
    expect(body).toEqual({
      ...sent,
      id: body.id,
      startsAt: '2099-07-01T07:00:00.000Z',
      endsAt: '2099-07-01T08:30:00.000Z',
      startsAtLocal: '2099-07-01T10:00:00+03:00',
      endsAtLocal: '2099-07-01T11:30:00+03:00',
      status: 'OPEN',
      cancelledBy: null,
      cancelReason: null,
      createdAt: body.createdAt,
    })
    const shown = await api.get(`/offers/${body.id}`, { as: 'nobody' })
    expect([shown.status, shown.body]).toEqual([200, body])
  })

  it('that does not exist is 404', async () => {
    const { status, body } = await api.get(`/offers/${uuidv7()}`)
    expect([status, body.code]).toEqual([404, 'offer-not-found'])
  })

  it('needs no more than a company, a category, a title, a price and a time', async () => {
    const body = await offer(api)
    expect(body).toMatchObject({
      description: null,
      timeZone: 'UTC',
      resource: null,
      location: null,
    })
    expect(body.startsAtLocal).toBe(body.startsAt.replace('.000Z', '+00:00'))
  })

  it('is asked about at company, for who acts and for its category', async () => {
    system.company.seen.length = 0
    const me = uuidv7()
    const { companyId, categoryId } = await offer(api, {}, { as: me })
    expect(system.company.seen).toMatchObject([
      {
        method: 'GET',
        path: `/companies/${companyId}/standing?userId=${me}&categoryId=${categoryId}`,
      },
    ])
  })
})

describe('whoever may not offer', () => {
  const refused = async (options: Parameters<Api['post']>[2] = {}, at = api) => {
    const before = await stored()
    const { status, body } = await at.post('/offers', offerOf(), options)
    expect(await stored()).toEqual(before)
    return [status, body.code]
  }

  it('because company does not answer is told 503, and nothing is stored', async () => {
    // After so many failures this one does not even ask for a while.
    const { api: unlucky } = await system.startReplica()
    for (const behaviour of [
      'refuse',
      'hang',
      { status: 500 },
      { status: 200, body: '{}' },
    ] as const) {
      system.company.behave(behaviour)
      expect(await refused({}, unlucky), JSON.stringify(behaviour)).toEqual([503, 'unavailable'])
    }
  })

  it('because they are no member is told 403; an operator may', async () => {
    system.say({ role: null })
    expect(await refused()).toEqual([403, 'forbidden'])
    await offer(api, {}, { as: 'operator' })
  })

  it('because there is no such company is told 404', async () => {
    const body = {
      type: 'urn:orderly:problem:company-not-found',
      title: 'There is no such company',
      status: 404,
      detail: 'None.',
      code: 'company-not-found',
      requestId: 'r',
    }
    const type = 'application/problem+json'
    system.company.behave({ status: 404, body: JSON.stringify(body), type })
    expect(await refused()).toEqual([404, 'company-not-found'])
    expect(await refused({ as: 'operator' })).toEqual([404, 'company-not-found'])
  })

  it('because the company is not active is told 409, an operator too', async () => {
    system.say({ active: false })
    expect(await refused()).toEqual([409, 'company-inactive'])
    expect(await refused({ as: 'operator' })).toEqual([409, 'company-inactive'])
  })

  it('because there is no such category is told 404', async () => {
    system.say({ above: null })
    expect(await refused()).toEqual([404, 'category-not-found'])
  })
})

describe('the time of an offer', () => {
  const refused = async (given: object) => {
    const before = await stored()
    const { status, body } = await api.post('/offers', offerOf({ ...given }))
    expect(await stored()).toEqual(before)
    return [status, body.code, body.errors?.[0]?.field]
  }

  it('must be in the future when it is stored', async () => {
    const past = { startsAt: '2020-01-01T10:00:00Z', endsAt: daysAhead(-1000) }
    const given = { startsAt: new Date(Date.now() - 1_000).toISOString(), endsAt: daysAhead(1) }
    for (const times of [given, { ...past, endsAt: '2020-01-01T11:00:00Z' }]) {
      expect(await refused(times)).toEqual([400, 'validation-failed', 'startsAt'])
    }
  })

  it('must end after it begins, also when the offsets hide it', async () => {
    const startsAt = '2099-07-01T10:00:00+02:00'
    for (const endsAt of [startsAt, '2099-07-01T08:00:00Z', '2099-07-01T10:30:00+03:00']) {
      expect(await refused({ startsAt, endsAt })).toEqual([400, 'validation-failed', 'endsAt'])
    }
  })

  it('is at most a month, in which clocks may be put back', async () => {
    const startsAt = '2099-10-01T00:00:00+02:00'
    expect(await refused({ startsAt, endsAt: '2099-11-01T00:00:01+01:00' })).toEqual([
      400,
      'validation-failed',
      'endsAt',
    ])
    await offer(api, { startsAt, endsAt: '2099-11-01T00:00:00+01:00', timeZone: 'Europe/Berlin' })
  })

  it('is in a time zone that there is', async () => {
    for (const timeZone of ['Mars/Olympus', 'Europe', '+03:00', 'Europe/Berlin/', 'a'.repeat(65)]) {
      expect(await refused({ timeZone })).toEqual([400, 'validation-failed', 'timeZone'])
    }
    expect((await offer(api, { timeZone: 'Europe/Kyiv' })).timeZone).toBe('Europe/Kyiv')
  })

  it('is kept to the millisecond', async () => {
    const { startsAt, startsAtLocal } = await offer(api, {
      startsAt: '2099-07-01T10:00:00.123456789Z',
      endsAt: '2099-07-01T11:00:00Z',
      timeZone: 'Asia/Kathmandu',
    })
    expect(startsAt).toBe('2099-07-01T10:00:00.123Z')
    expect(startsAtLocal).toBe('2099-07-01T15:45:00.123+05:45')
  })
})
