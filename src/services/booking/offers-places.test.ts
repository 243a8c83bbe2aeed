import { beforeAll, describe, expect, it } from 'vitest'
import { offer, startOffering } from '../../../test/lab/offering.ts'
import type { Api } from '../../../test/lab/http.ts'
import { uuidv7 } from '../../platform/base/ids.ts'
import type { Place } from './offer-cells.ts'

/** Where an offer is, and on which day: both are hard at their edges. */
let api: Api
beforeAll(async () => {
  const system = await startOffering()
  api = system.api
})

const idsFor = async (query: Readonly<Record<string, string>>): Promise<string[]> => {
  const { body } = await api.get(`/offers?${new URLSearchParams(query).toString()}`)
  return body.items.map(({ id }: { id: string }) => id)
}

/** Whether the offer is found around that place, by the cells alone and among those of its company. */
const isNear = async (one: { id: string; companyId: string }, near: Place, withinKm: number) => {
  const place = { near: `${near.lat},${near.lng}`, withinKm: String(withinKm) }
  const answers = [await idsFor(place), await idsFor({ ...place, companyId: one.companyId })]
  const found = answers.map((ids) => ids.includes(one.id))
  expect(found[0]).toBe(found[1])
  return found[0]
}

/** Kilometres on WGS 84, as geographic services tell them. */
const distances: readonly (readonly [string, Place, Place, number])[] = [
  ['in a city', { lat: 52.520008, lng: 13.404954 }, { lat: 52.5163, lng: 13.3777 }, 1.896],
  ['to the east', { lat: 55.7558, lng: 37.6173 }, { lat: 55.7558, lng: 38.6173 }, 62.785],
  ['on the equator', { lat: 0, lng: 20 }, { lat: 0, lng: 20.8 }, 89.056],
  ['along a meridian', { lat: 0, lng: 20 }, { lat: 0.8, lng: 20 }, 88.459],
  ['along a meridian, far north', { lat: 80, lng: 20 }, { lat: 80.8, lng: 20 }, 89.33],
  ['over the date line', { lat: -17, lng: 179.7 }, { lat: -17, lng: -179.8 }, 53.243],
  ['on the date line, by both its names', { lat: 66, lng: 180 }, { lat: 66, lng: -180 }, 0],
  ['over the north pole', { lat: 89.8, lng: 10 }, { lat: 89.8, lng: -170 }, 44.678],
  ['from the south pole', { lat: -90, lng: 0 }, { lat: -89.5, lng: 123 }, 55.847],
]

describe('the distance of an offer', () => {
  it.each(distances)('is true to 1 %: %s', async (_, there, here, km) => {
    const one = await offer(api, { location: there })
    expect(await isNear(one, here, Math.ceil(km * 1_010) / 1_000)).toBe(true)
    expect(await isNear(one, there, 0)).toBe(true)
    const less = Math.floor(km * 990) / 1_000
    expect(await isNear(one, here, less)).toBe(km === 0)
  })

  it('says nothing about an offer without a place: it is not found', async () => {
    const one = await offer(api)
    expect(await isNear(one, { lat: 0, lng: 0 }, 100)).toBe(false)
  })

  it('is 10 km at most, if nothing else is said', async () => {
    const one = await offer(api, { location: { lat: 10, lng: 10 } })
    expect(await idsFor({ near: '10.089,10' })).toContain(one.id)
    expect(await idsFor({ near: '10.091,10' })).not.toContain(one.id)
  })

  it.each(['91,0', '0,181', '-90.1,0', '0,-180.5', '1', '1,2,3', 'a,b', '1e1,0', ' 1,2'])(
    'is asked from a place that there is: not from %s',
    async (near) => {
      const { status, body } = await api.get(`/offers?${new URLSearchParams({ near }).toString()}`)
      expect([status, body.errors?.[0]?.field]).toEqual([400, 'near'])
    },
  )

  it.each(['101', '-1', '100.5', '1e1', ''])('is at most 100 km: not %s', async (withinKm) => {
    const query = new URLSearchParams({ near: '1,2', withinKm }).toString()
    const { status, body } = await api.get(`/offers?${query}`)
    expect([status, body.errors?.[0]?.field]).toEqual([400, 'withinKm'])
  })
})

describe('the day on which clocks are changed', () => {
  const timeZone = 'Europe/Berlin'
  const hourMs = 3_600_000

  /** An offer for each half hour from one midnight to the next and around them, and those of the day. */
  const offersOf = async (from: string, to: string) => {
    const companyId = uuidv7()
    const start = Date.parse(from) - 2 * hourMs
    const end = Date.parse(to) + 2 * hourMs
    const local: string[] = []
    for (let time = start; time < end; time += hourMs / 2) {
      const one = await offer(api, {
        companyId,
        timeZone,
        startsAt: new Date(time).toISOString(),
        endsAt: new Date(time + hourMs / 2).toISOString(),
        resource: 'Anna',
      })
      local.push(one.startsAtLocal)
    }
    const { body } = await api.get(
      `/offers?${new URLSearchParams({ companyId, from, to, limit: '100' }).toString()}`,
    )
    const found: string[] = body.items.map((one: { startsAtLocal: string }) => one.startsAtLocal)
    return { local, found }
  }

  it('has 25 hours in autumn, and both half past two are told apart', async () => {
    const { local, found } = await offersOf(
      '2098-10-26T00:00:00+02:00',
      '2098-10-27T00:00:00+01:00',
    )
    expect(found).toHaveLength(50)
    expect(found[0]).toBe('2098-10-26T00:00:00+02:00')
    expect(found.at(-1)).toBe('2098-10-26T23:30:00+01:00')
    expect(found.filter((time) => time.startsWith('2098-10-26T02:30'))).toEqual([
      '2098-10-26T02:30:00+02:00',
      '2098-10-26T02:30:00+01:00',
    ])
    expect(new Set(local).size).toBe(local.length)
  })

  it('has 23 hours in spring, and no half past two', async () => {
    const { found } = await offersOf('2098-03-30T00:00:00+01:00', '2098-03-31T00:00:00+02:00')
    expect(found).toHaveLength(46)
    expect(found.filter((time) => time.includes('T02:'))).toEqual([])
    expect(found[3]).toBe('2098-03-30T01:30:00+01:00')
    expect(found[4]).toBe('2098-03-30T03:00:00+02:00')
  })

  it('is over an hour later than its clock says: an offer through it lasts as long as it lasts', async () => {
    const one = await offer(api, {
      timeZone,
      startsAt: '2098-10-26T01:00:00+02:00',
      endsAt: '2098-10-26T03:00:00+01:00',
    })
    expect(Date.parse(one.endsAt) - Date.parse(one.startsAt)).toBe(3 * hourMs)
    expect([one.startsAtLocal, one.endsAtLocal]).toEqual([
      '2098-10-26T01:00:00+02:00',
      '2098-10-26T03:00:00+01:00',
    ])
  })

  it('is met by times with an offset and by times with Z alike', async () => {
    const [companyId, startsAt] = [uuidv7(), '2098-10-26T02:30:00+01:00']
    const one = await offer(api, { companyId, startsAt, endsAt: '2098-10-26T03:30:00+01:00' })
    expect(await idsFor({ companyId, from: '2098-10-26T01:30:00Z' })).toEqual([one.id])
    expect(await idsFor({ companyId, from: startsAt })).toEqual([one.id])
    expect(await idsFor({ companyId, from: '2098-10-26T01:30:00.001Z' })).toEqual([])
    expect(await idsFor({ companyId, to: '2098-10-26T01:30:00Z' })).toEqual([])
  })
})
