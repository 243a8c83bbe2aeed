import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { uuidv7 } from '../../src/platform/base/ids.ts'
import { movePast } from '../lab/moved-times.ts'
import { pictured, upTo, type Step } from '../lab/picture-steps.ts'
import { startRecordedSystem } from '../lab/recorded-flow.ts'
import { openAccount } from '../lab/service.ts'
import { eventually } from '../lab/wait.ts'

/**
 * The pictures of booking show what the product does: each flow runs with the real services, and
 * its messages and commits are compared with the picture, in their order.
 */
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const services = ['identity', 'user', 'billing', 'company', 'booking', 'notification'] as const

/** Half of this is for the question to company, half for the letters. */
const settings = { LETTER_BUDGET_MS: '3000', LEASE_MS: '5000' }

const start = () => startRecordedSystem(services, settings)

let run: Awaited<ReturnType<typeof start>>
let company: { readonly companyId: string; readonly managerId: string; readonly categoryId: string }

/** Customers with enough money and offers, made before the recordings begin. */
const customers: string[] = []
const offers: string[] = []
const needed = 14
const price = 15_000

const taken = (things: string[]): string => {
  const thing = things.pop()
  if (thing === undefined) throw new Error('none is left')
  return thing
}

const dayMs = 86_400_000

const offerOn = async (day: number) => {
  const startsMs = Date.now() + day * dayMs
  const { companyId, categoryId, managerId } = company
  const startsAt = new Date(startsMs).toISOString()
  const endsAt = new Date(startsMs + dayMs / 24).toISOString()
  const wantedOffer = { companyId, categoryId, title: 'An hour', price, startsAt, endsAt }
  // On a busy machine company may answer too late.
  return eventually(async () => {
    const made = await run.api.booking.post('/offers', wantedOffer, { as: managerId })
    if (made.status !== 201) throw new Error(`there is no offer: ${made.text}`)
    return made.body.id as string
  })
}

beforeAll(async () => {
  run = await start()
  const username = `u${uuidv7().replaceAll('-', '')}`
  const manager = await run.api.user.post('/users', { username, email: `${username}@example.com` })
  const managerId: string = manager.body.id
  const categories = await run.api.company.get('/categories')
  const made = await eventually(async () => {
    const asked = await run.api.company.post('/companies', { name: 'Sunny' }, { as: managerId })
    if (asked.status !== 201) throw new Error(`there is no company: ${asked.text}`)
    return asked
  })
  company = { companyId: made.body.id, managerId, categoryId: categories.body.items[0].id }
  const days = Array.from({ length: needed }, (_, index) => index + 2)
  offers.push(...(await Promise.all(days.map(offerOn))))
  const accounts = days.map(() => openAccount({ api: run.api.billing }, 20_000))
  customers.push(...(await Promise.all(accounts)))
  await run.untilAtRest()
})

const expectPictured = (steps: readonly Step[]) => run.expectPictured(steps)

interface Wanted {
  readonly as: string
  readonly offerId: string
  readonly key: string
}

const wanted = (): Wanted => ({ as: taken(customers), offerId: taken(offers), key: uuidv7() })

const book = ({ offerId, ...options }: Wanted) =>
  run.api.booking.post('/bookings', { offerId }, options)

/** Books, and begins the recording when all of it has ended. */
const bookedBefore = async () => {
  const { as, ...rest } = wanted()
  const { body } = await book({ as, ...rest })
  await run.untilAtRest()
  run.begin()
  return { as, ...rest, bookingId: body.id as string }
}

const cancel = ({ bookingId, as }: { readonly bookingId: string; readonly as: string }) =>
  run.api.booking.delete(`/bookings/${bookingId}`, { as })

const withdraw = ({ offerId }: Pick<Wanted, 'offerId'>) =>
  run.api.booking.delete(`/offers/${offerId}`, { as: company.managerId })

const toBilling = () => run.linkBetween('booking', 'billing')

const noteIs = (word: string) =>
  eventually(() => expect(run.count((line) => line.includes(word))).toBeGreaterThan(0))

/** The hold ends while billing is asked. */
const endHold = async ({ offerId }: Wanted) => {
  const row = { service: 'booking', table: 'bookings', where: ['offer_id', offerId] } as const
  await eventually(async () =>
    expect(await movePast(run, { ...row, columns: ['hold_until'] })).toBe(1),
  )
}

/** The letters of a paid booking. */
const letters = () => {
  const { main } = pictured('booking-paid')
  return main
    .slice(upTo(main, 'booking', 'notification').length)
    .filter((step) => step.kind === 'commit' || step.to !== 'client')
}

// A test ends when nothing more comes, so the next one begins at rest.
beforeEach(() => run.begin())

describe('a booking that is paid', () => {
  const { main, frame } = pictured('booking-paid')

  it('goes as drawn, and nobody else gets the offer', async () => {
    const first = wanted()
    const paid = await book(first)
    await expectPictured(main)

    run.begin()
    await book({ ...first, as: taken(customers), key: uuidv7() })
    await expectPictured(frame('taken'))

    run.begin()
    expect((await book(first)).text).toBe(paid.text)
    await expectPictured(frame('duplicate'))
  })

  // On a busy machine recovery may take the letters up before the answer is on its way: both are right,
  // and only one of them is drawn.
  it('goes as drawn while notification is down', { retry: 2 }, async () => {
    run.linkBetween('booking', 'notification').loseNext('the request')
    await book(wanted())
    await expectPictured(pictured('booking-letters').frame('notification'))
  })

  it('goes as drawn while company is down', async () => {
    run.linkBetween('booking', 'company').loseNext('the request')
    await book(wanted())
    const { frame: lettersFrame } = pictured('booking-letters')
    await expectPictured([...upTo(main, 'booking', 'notification'), ...lettersFrame('company')])
  })
})

describe('a booking that is refused', () => {
  const { main, frame } = pictured('booking-refused')

  it('goes as drawn, and so does a late copy of the refused call', async () => {
    const poor = await openAccount({ api: run.api.billing }, 1_000)
    const refused = { ...wanted(), as: poor }
    await run.untilAtRest()
    run.begin()
    await book(refused)
    await expectPictured(main)

    await run.api.billing.post(`/billing/accounts/${poor}/deposit`, { amount: 50_000 })
    await run.untilAtRest()
    run.begin()
    await toBilling().lastAgain()
    await expectPictured(frame('late duplicate'))
  })
})

describe('a time-out and a crash', () => {
  const { frame } = pictured('booking-faults')

  it('go as drawn: the money was taken, and the answer is lost', async () => {
    toBilling().loseNext('the answer')
    await book(wanted())
    await expectPictured([...frame('time-out'), ...letters()])
  })

  it('go as drawn: booking dies after billing’s answer', async () => {
    const isDead = new Promise<void>((resolve) => {
      toBilling().loseNext({ killCaller: () => run.system.kill('booking').then(resolve) })
    })
    await expect(book(wanted())).rejects.toThrow()
    await isDead
    await run.system.start('booking')
    await expectPictured([...frame('crash'), ...letters()])
  })
})

describe('a hold that is over', () => {
  it('goes as drawn when the payment never arrived, and when it arrives too late', async () => {
    const { main, frame } = pictured('booking-hold-over')
    const late = wanted()
    toBilling().loseNext('the request')
    await Promise.all([book(late), endHold(late)])
    await noteIs('nothing is due')
    await book(late)
    await expectPictured(main)

    run.begin()
    await toBilling().lostArrives()
    await expectPictured(frame('late payment'))
  })

  it('goes as drawn when the money was taken', async () => {
    const late = wanted()
    toBilling().loseNext('the answer')
    await Promise.all([book(late), endHold(late)])
    await expectPictured(pictured('booking-refunded').main)
  })
})

describe('a booking that is cancelled', () => {
  const { main, frame } = pictured('booking-cancelled')

  it('goes as drawn', async () => {
    await cancel(await bookedBefore())
    await expectPictured(main)
  })

  it('goes as drawn while billing is away', async () => {
    const booked = await bookedBefore()
    toBilling().loseNext('the request')
    await cancel(booked)
    await expectPictured(frame('billing'))
  })
})

describe('an offer that is withdrawn', () => {
  const { main, frame } = pictured('booking-withdrawn')

  it('goes as drawn when it is paid', async () => {
    await withdraw(await bookedBefore())
    await expectPictured(main)
  })

  it('goes as drawn when nobody knows whether it is paid', async () => {
    const pending = wanted()
    const isDead = new Promise<void>((resolve) => {
      toBilling().loseNext({ killCaller: () => run.system.kill('booking').then(resolve) })
    })
    await expect(book(pending)).rejects.toThrow()
    await isDead
    // Recovery must not come before the company.
    await run.sql('booking').begin(async (session) => {
      await session`set local session_replication_role = replica`
      await session`update bookings set due_at = due_at + interval '1 hour' where due_at is not null`
    })
    await run.system.start('booking')
    await run.untilAtRest()
    run.begin()
    await withdraw(pending)
    await expectPictured(frame('nobody knows'))
  })
})
