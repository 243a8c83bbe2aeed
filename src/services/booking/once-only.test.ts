import { beforeAll, describe, expect, it } from 'vitest'
import { stage } from '../../../test/lab/booking-scenes.ts'
import { createTestDatabase, type TestDatabase } from '../../../test/lab/database.ts'
import { outcomeOf } from '../../../test/lab/edges.ts'
import { uuidv7 } from '../../platform/base/ids.ts'
import { bookingStatuses, holdingStatuses, type BookingStatus } from './states.ts'

/** No offer is ever sold twice: that is a constraint in the database, and no code. */
let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase('booking')
})

const bookAgain = (offerId: string, userId: string = uuidv7(), key: string | null = null) =>
  database.sql`
    insert into bookings (id, refund_id, offer_id, user_id, company_id, title, price, starts_at,
      ends_at, time_zone, idempotency_key, hold_until, request_id, due_at)
    select ${uuidv7()}, ${uuidv7()}, id, ${userId}, company_id, title, price, starts_at, ends_at,
      time_zone, ${key}, now(), 'r', now()
    from offers where id = ${offerId}`

const holding: readonly BookingStatus[] = holdingStatuses

describe('a second booking of one offer', () => {
  it.each(bookingStatuses.map((status) => [status, holding.includes(status)] as const))(
    'beside one that is %s is refused by the database: %s',
    async (status, isRefused) => {
      const { offerId } = await stage(database, { status })
      const attempt = bookAgain(offerId)
      const outcome = await outcomeOf(attempt)
      expect(outcome).toMatch(isRefused ? /bookings_one_of_offer/ : /^done$/)
    },
  )

  it('under the key of another booking of that customer is refused, also of another offer', async () => {
    const { userId, key } = await stage(database, { status: 'REFUSED' })
    const { offerId } = await stage(database)
    await expect(bookAgain(offerId, userId, key)).rejects.toThrow(/bookings_key/)
  })
})

interface Times {
  readonly company: string
  readonly resource: string | null
  /** Hours from now. */
  readonly from: number
  readonly to: number
}

const offer = ({ company, resource, from, to }: Times) => database.sql`
  insert into offers (id, company_id, category_id, title, price, starts_at, ends_at, time_zone,
    resource, created_by, request_id)
  values (${uuidv7()}, ${company}, ${uuidv7()}, 'An hour', 100,
    date_trunc('hour', now()) + ${from} * interval '1 hour',
    date_trunc('hour', now()) + ${to} * interval '1 hour', 'UTC', ${resource}, ${uuidv7()}, 'r')`

describe('two offers of one resource', () => {
  it.each([
    ['begin together', 10, 11],
    ['overlap at the start', 9, 11],
    ['overlap at the end', 11, 13],
    ['lie in each other', 8, 20],
    ['are the same', 10, 12],
  ])('that %s are refused by the database', async (_how, from, to) => {
    const company = uuidv7()
    await offer({ company, resource: 'Anna', from: 10, to: 12 })
    await expect(offer({ company, resource: 'Anna', from, to })).rejects.toThrow(
      /offers_of_a_resource/,
    )
  })

  it('may follow each other, belong to different companies, or to nobody', async () => {
    const company = uuidv7()
    await offer({ company, resource: 'Anna', from: 10, to: 12 })
    await offer({ company, resource: 'Anna', from: 12, to: 13 })
    await offer({ company, resource: 'Anna', from: 9, to: 10 })
    await offer({ company, resource: 'Boris', from: 10, to: 12 })
    await offer({ company: uuidv7(), resource: 'Anna', from: 10, to: 12 })
    await offer({ company, resource: null, from: 10, to: 12 })
    expect(await outcomeOf(offer({ company, resource: null, from: 10, to: 12 }))).toBe('done')
  })

  it('may overlap when one of them is withdrawn', async () => {
    const company = uuidv7()
    await offer({ company, resource: 'Anna', from: 10, to: 12 })
    await database.sql`
      update offers set status = 'CANCELLED', cancelled_at = now(), cancelled_by = 'COMPANY'
      where company_id = ${company}`
    const again = offer({ company, resource: 'Anna', from: 10, to: 12 })
    expect(await outcomeOf(again)).toBe('done')
  })
})

describe('what was decided', () => {
  it.each([
    ['id', 'id = gen_random_uuid()'],
    ['kind', `kind = 'CANCELLED'`],
    ['customer', 'user_id = gen_random_uuid()'],
    ['address', `email = 'other@example.com'`],
    ['company', 'company_id = gen_random_uuid()'],
    ['moment', `decided_at = now() + interval '1 day'`],
    ['words', `about = '{}'`],
    ['request id', `request_id = 'other'`],
  ])('is written with the same %s for ever', async (_what, set) => {
    await storeLetter('PAID')
    await expect(database.sql.unsafe(`update booking_letters set ${set}`)).rejects.toThrow(
      /forbidden/,
    )
  })

  it('owes its letters once', async () => {
    const bookingId = await storeLetter('PAID')
    await expect(storeLetter('PAID', bookingId)).rejects.toThrow(/booking_letters_once/)
    await storeLetter('CANCELLED', bookingId)
    await expect(storeLetter('LOST', bookingId)).rejects.toThrow(/booking_letters_kind/)
  })

  it.each([
    'delete from offers',
    'delete from bookings',
    'delete from booking_letters',
    'truncate booking_letters',
    'truncate bookings cascade',
    'truncate offers cascade',
  ])('stays, whoever asks to %s', async (text) => {
    await storeLetter('PAID')
    await expect(database.sql.unsafe(text)).rejects.toThrow(/forbidden/)
  })

  const storeLetter = async (kind: string, of?: string) => {
    const bookingId = of ?? (await stage(database, { status: 'PAID' })).bookingId
    await database.sql`
      insert into booking_letters (id, booking_id, kind, user_id, email, company_id, decided_at,
        about, request_id)
      select ${uuidv7()}, id, ${kind}, user_id, email, company_id, decided_at, '{"title": "t"}', 'r'
      from bookings where id = ${bookingId}`
    return bookingId
  }
})
