import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { daysAhead, offerOf, startOffering, type Offering } from '../../../test/lab/offering.ts'
import type { Api } from '../../../test/lab/http.ts'
import { uuidv7 } from '../../platform/base/ids.ts'

/** The key of an offer: what is sent again under it is stored once, and answered the same for ever. */
let system: Offering
let api: Api
let me: string
beforeAll(async () => {
  system = await startOffering()
  api = system.api
})
beforeEach(() => {
  system.say()
  me = uuidv7()
})

const offersOf = (person: string) =>
  system.database.sql`select id from offers where created_by = ${person}`

const full = () =>
  offerOf({
    description: 'Час',
    timeZone: 'Europe/Moscow',
    resource: 'Анна',
    location: { lat: 55.75, lng: 37.62 },
  })

const send = (body: object, as: Parameters<Api['post']>[2] = {}) =>
  api.post('/offers', body, { as: me, key: 'k', ...as })

const expectReplay = async (first: Awaited<ReturnType<typeof send>>, body: object) => {
  const again = await send(body)
  expect([again.status, again.text]).toEqual([201, first.text])
  expect(again.headers['location']).toBe(first.headers['location'])
  expect(again.headers['idempotency-replayed']).toBe('true')
}

describe('a repeat of an offer', () => {
  it('is stored once and answered the same, also in other words for the same', async () => {
    const body = full()
    const first = await send(body)
    expect([first.status, first.headers['idempotency-replayed']]).toEqual([201, undefined])
    await expectReplay(first, body)
    const startsAt = body.startsAt.replace('.000Z', '+00:00')
    const companyId = body.companyId.toUpperCase()
    await expectReplay(first, { ...body, startsAt, companyId })
    expect(await offersOf(me)).toHaveLength(1)
  })

  it('is answered while company is away, and by whoever has left it since', async () => {
    const body = full()
    const first = await send(body)
    system.company.behave('refuse')
    system.company.seen.length = 0
    await expectReplay(first, body)
    expect(system.company.seen).toEqual([])
    system.say({ role: null, active: false, above: null })
    await expectReplay(first, body)
  })

  it('is answered the same when the offer was booked, and when it was withdrawn', async () => {
    const body = full()
    const first = await send(body)
    const { sql } = system.database
    const id = first.body.id
    await sql`update offers set status = 'RESERVED', booking_id = ${uuidv7()} where id = ${id}`
    await expectReplay(first, body)
    expect((await api.get(`/offers/${id}`)).body.status).toBe('RESERVED')
    await sql`
      update offers set status = 'CANCELLED', cancelled_at = now(), cancelled_by = 'COMPANY',
        cancel_reason = 'ill' where id = ${id}`
    await expectReplay(first, body)
    expect((await api.get(`/offers/${id}`)).body).toMatchObject({
      status: 'CANCELLED',
      cancelledBy: 'COMPANY',
      cancelReason: 'ill',
    })
  })

  const others: Readonly<Record<string, unknown>> = {
    companyId: uuidv7(),
    categoryId: uuidv7(),
    title: 'Another',
    description: undefined,
    price: 1,
    startsAt: daysAhead(10, -1),
    endsAt: daysAhead(10, 2),
    timeZone: undefined,
    resource: 'Maria',
    location: { lat: 55.75, lng: 37.63 },
  }

  it.each(Object.entries(others))(
    'with another %s is refused with 422 and changes nothing',
    async (field, value) => {
      const body = full()
      const first = await send(body)
      const { status, body: problem } = await send({ ...body, [field]: value })
      expect([status, problem.code]).toEqual([422, 'idempotency-key-reused'])
      expect(await offersOf(me)).toHaveLength(1)
      await expectReplay(first, body)
    },
  )

  it('belongs to who acts: another person and an operator have keys of their own', async () => {
    const first = await send(offerOf())
    const another = await send(offerOf(), { as: uuidv7() })
    const operator = await send(offerOf(), { as: { id: uuidv7(), roles: ['operator'] } })
    const ids = [first, another, operator].map(({ body }) => body.id)
    expect(new Set(ids).size).toBe(3)
  })

  it('after a refusal is tried anew: nothing was kept under its key', async () => {
    const body = full()
    system.say({ active: false })
    expect((await send(body)).status).toBe(409)
    system.say()
    const { status, headers } = await send(body)
    expect([status, headers['idempotency-replayed']]).toEqual([201, undefined])
  })

  it('that comes many times at once, to two replicas, is stored once', async () => {
    const replica = await system.startReplica()
    for (const crowd of [2, 8, 64]) {
      const body = full()
      const key = `crowd ${crowd}`.replace(' ', '-')
      const answers = await Promise.all(
        Array.from({ length: crowd }, (_, index) =>
          (index % 2 === 0 ? api : replica.api).post('/offers', body, { as: me, key }),
        ),
      )
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201))
      expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
      const fresh = answers.filter(({ headers }) => headers['idempotency-replayed'] === undefined)
      expect(fresh).toHaveLength(1)
    }
    expect(await offersOf(me)).toHaveLength(3)
  })
})
