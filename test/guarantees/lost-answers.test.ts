import { randomBytes } from 'node:crypto'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { uuidv7 } from '../../src/platform/base/ids.ts'
import { whenFileEnds } from '../lab/cleanup.ts'
import { createVisit, startBooking, storeOffer } from '../lab/booking.ts'
import { createTestDatabase, type TestDatabase } from '../lab/database.ts'
import type { ApiResponse } from '../lab/http.ts'
import { openLink, type Link } from '../../src/local/lab/link.ts'
import {
  openAccount,
  shortBudgets,
  startService,
  startWithBilling,
  startWithUsers,
  type RunningService,
  type Variables,
} from '../lab/service.ts'
import { eventually } from '../lab/wait.ts'

/**
 * What a client is told when the connection to Postgres breaks between a commit and its answer, and
 * when there is no connection. A client that does what it is told must not do anything twice, with
 * a key or without.
 */

/** Without this, recovery’s statements could meet the fault instead of the request’s. */
const withoutRecovery: Variables = { RECOVERY_INTERVAL_MS: '600000' }

/** A link to a database, and the address of the database behind it. */
const linkTo = async ({ url }: TestDatabase) => {
  const address = new URL(url)
  const port = Number(address.port)
  const link = await openLink({
    name: 'database',
    protocol: 'database',
    passes: 'messages',
    targets: () => [port],
  })
  whenFileEnds(link.close)
  address.port = String(link.port)
  return { link, url: address.href }
}

/** Lets the next statement run and drops its answer. Returns a counter of dropped answers. */
const loseNextAnswer = (link: Link) => link.begin({ kind: 'lose-answer' }).strikes

const forbidConnections = async ({ admin, url, killConnections }: TestDatabase) => {
  const name = new URL(url).pathname.slice(1)
  await admin.unsafe(`alter database ${name} connection limit 0`)
  await killConnections()
  return () => admin.unsafe(`alter database ${name} connection limit -1`)
}

const told = ({ status, headers, body }: ApiResponse) => ({
  status,
  code: body.code,
  detail: body.detail,
  retryAfter: headers['retry-after'],
})

const unknown = { status: 504, code: 'outcome-unknown' }
const nothingDone = {
  status: 503,
  code: 'unavailable',
  detail: expect.stringContaining('nothing was done'),
  retryAfter: '1',
}

describe('billing', () => {
  let database: TestDatabase
  let link: Link
  let billing: RunningService
  let userId: string
  beforeAll(async () => {
    database = await createTestDatabase('billing')
    const { username, pathname } = new URL(database.url)
    await database.admin.unsafe(
      `alter role ${username} in database ${pathname.slice(1)} set statement_timeout = 1000`,
    )
    const linked = await linkTo(database)
    link = linked.link
    billing = await startService('billing', linked, { ...shortBudgets, ...withoutRecovery })
  })
  beforeEach(async () => {
    userId = await openAccount(billing)
  })

  const deposit = (amount: number, key?: string) =>
    billing.api.post(`/billing/accounts/${userId}/deposit`, { amount }, { key })
  const balance = async () => {
    const [row] = await database.sql`select balance from accounts where user_id = ${userId}`
    return Number(row?.['balance'])
  }

  it('does not tell a client without a key to try again when the outcome is unknown', async () => {
    const strikes = loseNextAnswer(link)
    const answer = await deposit(500)
    expect(strikes()).toBe(1)
    expect(told(answer)).toEqual({
      ...unknown,
      detail: expect.stringMatching(/not known.*could do it twice/),
      retryAfter: undefined,
    })
    expect(await balance()).toBe(500)
  })

  it('does nothing for an operator when nobody knows whether that was written down', async () => {
    const path = `/billing/accounts/${userId}`
    const asks = [
      () => billing.api.get(path, { as: 'operator' }),
      () => billing.api.post(`${path}/deposit`, { amount: 500 }, { as: 'operator' }),
    ]
    for (const ask of asks) {
      const strikes = loseNextAnswer(link)
      const answer = await ask()
      expect(strikes()).toBe(1)
      expect(told(answer)).toEqual(nothingDone)
    }
    expect(await balance()).toBe(0)
  })

  it('tells a client with a key to repeat it with that key, and then it is done once', async () => {
    const strikes = loseNextAnswer(link)
    const answer = await deposit(500, 'k')
    expect(strikes()).toBe(1)
    expect(told(answer)).toEqual({
      ...unknown,
      detail: expect.stringMatching(/not known.*same Idempotency-Key/),
      retryAfter: '1',
    })
    const again = await deposit(500, 'k')
    expect([again.status, again.headers['idempotency-replayed']]).toEqual([200, 'true'])
    expect(await balance()).toBe(500)
  })

  it('lets a client repeat what only reads', async () => {
    const strikes = loseNextAnswer(link)
    const answer = await billing.api.get(`/billing/accounts/${userId}`)
    expect(strikes()).toBe(1)
    expect(told(answer)).toEqual(nothingDone)
  })

  it('lets the user service repeat the opening of an account, whose key is the user', async () => {
    const strikes = loseNextAnswer(link)
    const account = { userId: uuidv7(), email: 'masha@example.com' }
    const answer = await billing.api.post('/billing/accounts', account)
    expect(strikes()).toBe(1)
    expect(told(answer)).toEqual({
      ...unknown,
      detail: expect.stringContaining('not known'),
      retryAfter: '1',
    })
    expect((await billing.api.post('/billing/accounts', account)).status).toBe(200)
  })

  it('tells it to each of the callers that shared a request', async () => {
    await deposit(500)
    const strikes = loseNextAnswer(link)
    const withdrawals = ['a', 'b'].map((key) => ({ userId, key, amount: 5, requestId: `r-${key}` }))
    const { status, body } = await billing.api.post('/billing/withdrawals', { withdrawals })
    expect(strikes()).toBe(1)
    expect(status).toBe(200)
    expect(body.answers).toMatchObject(
      ['a', 'b'].map((key) => ({ status: 504, body: { ...unknown, requestId: `r-${key}` } })),
    )
  })

  it('says that nothing was done when Postgres could not be reached: then any client may repeat', async () => {
    const allowConnections = await forbidConnections(database)
    // The service may still try one connection that was just cut.
    await eventually(async () => expect((await billing.api.get('/readyz')).status).toBe(503))
    expect(told(await deposit(500))).toEqual(nothingDone)
    expect(told(await deposit(500, 'k'))).toEqual(nothingDone)
    expect(told(await billing.api.get(`/billing/accounts/${userId}`))).toEqual(nothingDone)
    await allowConnections()
    await eventually(async () => expect((await billing.api.get('/readyz')).status).toBe(200))
    expect(await balance()).toBe(0)
  })

  it('says that nothing was done when Postgres ended the statement in good order', async () => {
    const answer = await database.admin.begin(async (sql) => {
      await sql`select from accounts where user_id = ${userId} for update`
      return deposit(500)
    })
    expect(told(answer)).toEqual(nothingDone)
    expect(await balance()).toBe(0)
  })
})

describe('stored work is finished by recovery, so its client is told where to look', () => {
  it('when the database is lost while an order is decided', async () => {
    const system = await startWithBilling('order', shortBudgets)
    const { link, url } = await linkTo(system.database)
    const order = await startService(
      'order',
      { url },
      {
        ...shortBudgets,
        ...withoutRecovery,
        BILLING_URL: system.toBilling.url,
        NOTIFICATION_URL: system.toNotification.url,
      },
    )
    const userId = await openAccount(system.billing, 1_000)
    let strikes = () => 0
    system.toBilling.behave(async (_request, pass) => {
      const answer = await pass()
      strikes = loseNextAnswer(link)
      return answer
    })
    const placed = await order.api.post('/orders', { userId, price: 300 })
    expect(strikes()).toBe(1)
    expect([placed.status, placed.body.status]).toEqual([202, 'PENDING'])
    expect(placed.headers['location']).toBe(`/orders/${placed.body.id}`)
    system.toBilling.behave('forward')
    await eventually(async () => {
      const { body } = await system.service.api.get(`/orders?userId=${userId}`)
      expect(body.items).toMatchObject([{ id: placed.body.id, status: 'APPROVED' }])
    })

    system.toBilling.behave(async (_request, pass) => {
      const answer = await pass()
      strikes = loseNextAnswer(link)
      return answer
    })
    const cancelled = await order.api.delete(`/orders/${placed.body.id}`)
    expect(strikes()).toBe(1)
    expect([cancelled.status, cancelled.body.status]).toEqual([202, 'APPROVED'])
    system.toBilling.behave('forward')
    await eventually(async () => {
      const { body } = await system.service.api.get(`/orders/${placed.body.id}`)
      expect(body.status).toBe('CANCELLED')
    })
  })

  it('when the database is lost while a booking is decided', async () => {
    const system = await startBooking(shortBudgets)
    const { link, url } = await linkTo(system.database)
    const booking = await startService(
      'booking',
      { url },
      {
        ...shortBudgets,
        ...withoutRecovery,
        COMPANY_URL: system.toCompany.url,
        BILLING_URL: system.toBilling.url,
        NOTIFICATION_URL: system.toNotification.url,
      },
    )
    const userId = await openAccount(system.billing, 1_000)
    const offerId = await storeOffer(system.database, { price: 300 })
    let strikes = () => 0
    const loseTheNext = () =>
      system.toBilling.behave(async (_request, pass) => {
        const answer = await pass()
        strikes = loseNextAnswer(link)
        return answer
      })
    const { bookingNow, offerNow, balanceOf } = createVisit(system)

    loseTheNext()
    const booked = await booking.api.post('/bookings', { offerId }, { as: userId })
    expect(strikes()).toBe(1)
    expect([booked.status, booked.body.status]).toEqual([202, 'PENDING'])
    expect(booked.headers['location']).toBe(`/bookings/${booked.body.id}`)
    system.toBilling.behave('forward')
    await eventually(async () => {
      expect(await bookingNow(booked.body.id)).toMatchObject({ status: 'PAID' })
    })

    loseTheNext()
    const cancelled = await booking.api.delete(`/bookings/${booked.body.id}`, { as: userId })
    expect(strikes()).toBe(1)
    expect([cancelled.status, cancelled.body.status]).toEqual([202, 'CANCELLING'])
    system.toBilling.behave('forward')
    await eventually(async () => {
      expect(await bookingNow(booked.body.id)).toMatchObject({ status: 'CANCELLED' })
    })
    expect(await offerNow(offerId)).toMatchObject({ status: 'OPEN', bookingId: null })
    expect(await balanceOf(userId)).toBe(1_000)
  })

  it('an order of nobody is answered 404, whether the refusal could be stored or not', async () => {
    const system = await startWithUsers(shortBudgets)
    const { link, url } = await linkTo(system.database)
    const order = await startService(
      'order',
      { url },
      {
        ...shortBudgets,
        ...withoutRecovery,
        USER_URL: system.toUser.url,
        BILLING_URL: system.toBilling.url,
        NOTIFICATION_URL: system.toNotification.url,
      },
    )
    let strikes = () => 0
    system.toUser.behave(async (_request, pass) => {
      const answer = await pass()
      strikes = loseNextAnswer(link)
      return answer
    })
    const placed = await order.api.post('/orders', { userId: uuidv7(), price: 300 })
    expect(strikes()).toBe(1)
    expect([placed.status, placed.body.code]).toEqual([404, 'user-not-found'])
    expect(placed.headers).not.toHaveProperty('location')
    expect(await system.database.sql`select from orders`).toEqual([])
  })

  it('when the database is away after billing opened the account', async () => {
    const system = await startWithBilling('user', shortBudgets)
    let allowConnections = async (): Promise<unknown> => undefined
    system.toBilling.behave(async (_request, pass) => {
      const answer = await pass()
      allowConnections = await forbidConnections(system.database)
      return answer
    })
    const username = `user-${randomBytes(5).toString('hex')}`
    const wanted = { username, email: `${username}@example.com` }
    const created = await system.service.api.post('/users', wanted)
    expect([created.status, created.body.account]).toEqual([202, 'PENDING'])
    expect(created.headers['location']).toBe(`/users/${created.body.id}`)
    system.toBilling.behave('forward')
    await allowConnections()
    await eventually(async () => {
      const { body } = await system.service.api.get(`/users/${created.body.id}`)
      expect(body.account).toBe('OPEN')
    })
  })
})
