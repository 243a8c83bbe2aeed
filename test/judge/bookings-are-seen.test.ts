import { beforeAll, expect, it, vi } from 'vitest'
import {
  book,
  cancelBooking,
  hourMs,
  newCompany,
  newOffer,
  someCategory,
  withdrawOffer,
} from '../lab/booking-requests.ts'
import { createActor, newKey, signUp, type Actor, type Request } from '../lab/actors.ts'
import { startSystem, type System } from '../lab/system.ts'
import { createHistory, type History } from './history.ts'
import { checkInvariants, checkWhileRunning } from './invariants.ts'

vi.setConfig({ testTimeout: 120_000 })

/** The judge's own eyes: it finds all that the rules need in what a real system tells. */
let system: System
let history: History
let actor: Actor

beforeAll(async () => {
  system = await startSystem()
  history = createHistory()
  actor = createActor({ baseUrl: system.urls.gateway, history })
})

const done = async (request: Request) => (await actor.decided<{ id: string }>(request)).body.id

const members = (companyId: string) => `/companies/${companyId}/members`

it('follows a company and its customers from the first offer to the last letter', async () => {
  const admin = (await signUp(actor)).id
  const manager = (await signUp(actor)).id
  const [masha, petya] = [(await signUp(actor, 10_000)).id, (await signUp(actor, 10_000)).id]
  const companyId = await done(newCompany(admin))
  const categoryId = await someCategory(actor)
  let hours = 100
  const offer = (price: number) => {
    hours += 2
    const startsMs = Date.now() + hours * hourMs
    return done(newOffer({ managerId: admin, companyId, categoryId, price, startsMs }))
  }
  const join = { role: 'MANAGER', userId: manager }
  const path = members(companyId)
  await actor.decided({ method: 'POST', path, key: newKey(), as: admin, body: join })

  // Everybody wants the first one. Who has it gives it back, and somebody else takes it.
  const first = await offer(1_001)
  const replies = await Promise.all(
    [masha, petya, masha, petya].map((who) => actor.decided<{ id: string }>(book(who, first))),
  )
  const told = replies.map(({ status }) => String(status)).toSorted()
  expect(told).toEqual(['201', '409', '409', '409'])
  await checkWhileRunning(system, history)
  const winner = replies.findIndex(({ status }) => status === 201)
  await actor.decided(cancelBooking([masha, petya][winner % 2]!, replies[winner]!.body.id))
  await done(book(petya, first))

  // Too dear for Masha; then the manager goes, and the company takes its last offer back.
  expect((await actor.decided(book(masha, await offer(900_007)))).status).toBe(402)
  const last = await offer(2_003)
  await done(book(masha, last))
  await actor.decided({ method: 'DELETE', path: `${members(companyId)}/${manager}`, as: admin })
  await actor.decided(withdrawOffer(admin, last))

  const { users, offers, memberships } = await checkInvariants(system, history)
  const seen = (id: string) => {
    const { bookings, letters } = users.find(({ userId }) => userId === id)!
    return { bookings: bookings.map(({ status }) => status), letters: letters.length }
  }
  expect(offers.map(({ status }) => status).toSorted()).toEqual(['CANCELLED', 'OPEN', 'PAID'])
  expect(memberships.map(({ userId }) => userId).toSorted()).toEqual([admin, manager].toSorted())
  expect(memberships.find(({ userId }) => userId === manager)?.leftAt).toEqual(expect.any(String))
  expect(seen(admin)).toEqual({ bookings: [], letters: 6 })
  expect(seen(manager)).toEqual({ bookings: [], letters: 5 })
  const booked = [...seen(masha).bookings, ...seen(petya).bookings].toSorted()
  expect(booked).toEqual(['CANCELLED', 'CANCELLED', 'PAID', 'REFUSED'])
})
