import { beforeAll, describe, expect, it } from 'vitest'
import { createRandom } from '../../../test/lab/random.ts'
import { offer, offerOf, startOffering, type Offering } from '../../../test/lab/offering.ts'
import type { Api } from '../../../test/lab/http.ts'
import { uuidv7 } from '../../platform/base/ids.ts'

/** Two offers of one resource of a company never overlap, however many try at once. */
let system: Offering
let replicas: Api[]
beforeAll(async () => {
  system = await startOffering({ REQUEST_BUDGET_MS: '8000', LEASE_MS: '20000' })
  replicas = [system.api, (await system.startReplica()).api]
})

const at = (hour: number, minute = 0) =>
  `2099-07-01T${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}:00Z`

const someone = () => ({ companyId: uuidv7(), resource: 'Anna' })

const attempt = async (given: object, api = system.api) => {
  const { status, body } = await api.post('/offers', offerOf({ ...given }))
  return status === 201 ? 201 : [status, body.code]
}

const taken = [409, 'resource-taken']

describe('an offer of a resource', () => {
  it('is refused while another one overlaps it, in whatever way', async () => {
    const one = someone()
    await offer(system.api, { ...one, startsAt: at(10), endsAt: at(12) })
    const overlapping: [string, string][] = [
      [at(10), at(12)],
      [at(9), at(10, 1)],
      [at(11, 59), at(13)],
      [at(10, 30), at(11)],
      [at(9), at(13)],
      ['2099-07-01T13:30:00+03:00', '2099-07-01T14:00:00+03:00'],
    ]
    for (const [startsAt, endsAt] of overlapping) {
      expect(await attempt({ ...one, startsAt, endsAt }), `${startsAt} ${endsAt}`).toEqual(taken)
    }
    const rows = await system.database.sql`select from offers where company_id = ${one.companyId}`
    expect(rows).toHaveLength(1)
  })

  it('may begin when another one ends, and end when another one begins', async () => {
    const one = someone()
    await offer(system.api, { ...one, startsAt: at(11), endsAt: at(12) })
    expect(await attempt({ ...one, startsAt: at(10), endsAt: at(11) })).toBe(201)
    expect(await attempt({ ...one, startsAt: at(12), endsAt: at(13) })).toBe(201)
  })

  it('is in the way of no other resource, no other company, and of no offer without one', async () => {
    const one = someone()
    const time = { startsAt: at(10), endsAt: at(12) }
    await offer(system.api, { ...one, ...time })
    expect(await attempt({ ...one, ...time, resource: 'Maria' })).toBe(201)
    expect(await attempt({ ...someone(), ...time })).toBe(201)
    for (let times = 0; times < 2; times += 1) {
      expect(await attempt({ companyId: one.companyId, ...time })).toBe(201)
    }
  })

  it('is the same however its name is spaced and its signs are made, and is shown as it counts', async () => {
    const one = { ...someone(), startsAt: at(10), endsAt: at(12), resource: '\u00a0Zoë  Room\t1 ' }
    const key = uuidv7()
    const sent = offerOf(one)
    const { status, body } = await system.api.post('/offers', sent, { key })
    expect([status, body.resource]).toEqual([201, 'Zoë Room 1'])
    const repeat = await system.api.post('/offers', sent, { key })
    expect([repeat.status, repeat.body]).toEqual([201, body])
    for (const resource of ['Zoë Room 1', 'Zoe\u0308 Room 1', ' Zoë\nRoom 1', one.resource]) {
      expect(await attempt({ ...one, resource }), resource).toEqual(taken)
    }
    for (const resource of ['zoë room 1', 'ZoëRoom 1', 'Zoe Room 1']) {
      expect(await attempt({ ...one, resource }), resource).toBe(201)
    }
    for (const resource of ['', ' ', '\t\n', '\u00a0']) {
      const refused = await system.api.post('/offers', offerOf({ ...one, resource }))
      expect([refused.status, refused.body.errors?.[0]?.field]).toEqual([400, 'resource'])
    }
  })

  it('that is withdrawn is in nobody’s way; one that is booked is', async () => {
    const one = { ...someone(), startsAt: at(10), endsAt: at(12) }
    const { id } = await offer(system.api, one)
    const { sql } = system.database
    await sql`update offers set status = 'RESERVED', booking_id = ${uuidv7()} where id = ${id}`
    expect(await attempt(one)).toEqual(taken)
    await sql`
      update offers set status = 'CANCELLED', cancelled_at = now(), cancelled_by = 'COMPANY'
      where id = ${id}`
    expect(await attempt(one)).toBe(201)
    expect(await attempt(one)).toEqual(taken)
  })

  it('that many try at once, at two replicas, is one person’s, and all others are told', async () => {
    for (const crowd of [2, 8, 64]) {
      const one = { ...someone(), startsAt: at(10), endsAt: at(12) }
      const answers = await Promise.all(
        Array.from({ length: crowd }, (_, index) => attempt(one, replicas[index % 2])),
      )
      expect(answers.filter((answer) => answer === 201)).toHaveLength(1)
      expect(answers.filter((answer) => answer !== 201)).toEqual(
        Array.from({ length: crowd - 1 }, () => taken),
      )
    }
  })

  it('never overlaps another one, when times of many resources are offered at once', async () => {
    const random = createRandom('resources')
    const companyId = uuidv7()
    const sent = Array.from({ length: 240 }, () => {
      const start = random.between(0, 60)
      const minutes = (count: number) => at(6 + Math.floor(count / 6), (count % 6) * 10)
      return {
        companyId,
        resource: `chair ${random.between(0, 3)}`,
        startsAt: minutes(start),
        endsAt: minutes(start + random.between(1, 6)),
      }
    })
    const answers = await Promise.all(sent.map((one, index) => attempt(one, replicas[index % 2])))
    const kept = sent.filter((_, index) => answers[index] === 201)
    expect(answers.filter((answer) => answer !== 201)).toEqual(
      Array.from({ length: sent.length - kept.length }, () => taken),
    )
    const overlaps = (one: (typeof sent)[number], other: (typeof sent)[number]) =>
      one !== other &&
      one.resource === other.resource &&
      one.startsAt < other.endsAt &&
      other.startsAt < one.endsAt
    expect(kept.filter((one) => kept.some((other) => overlaps(one, other)))).toEqual([])
    // Whoever was refused had somebody in the way: nobody was refused for nothing.
    const refused = sent.filter((one) => !kept.includes(one))
    expect(refused.filter((one) => !kept.some((other) => overlaps(one, other)))).toEqual([])
    const rows = await system.database.sql`select from offers where company_id = ${companyId}`
    expect(rows).toHaveLength(kept.length)
  })
})
