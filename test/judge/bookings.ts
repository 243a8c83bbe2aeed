import { isDeepStrictEqual } from 'node:util'
import type { Booking, BookingDetails, Offer } from '../../src/services/booking/contract.ts'
import { isTold, lost, type Evidence, type ToldExchange, type Violation } from './evidence.ts'
import type { Facts, UserFacts } from './facts.ts'
import type { Membership } from './memberships.ts'
import type { Cause, Owed, SagaRules, Taking, Thing, Unfinished } from './saga-rules.ts'
import { soldTwice } from './sold-once.ts'

/** What the judge knows of bookings and of the offers that they are about. */

type Status = Booking['status']

/** Which movements of money each state has behind it; an open one may have any of several. */
const moved: Readonly<Record<Status, readonly ('nothing' | 'paid' | 'returned')[]>> = {
  PENDING: ['nothing', 'paid'],
  PAID: ['paid'],
  REFUSED: ['nothing'],
  RELEASING: ['nothing', 'paid', 'returned'],
  // A payment that came too late was given back.
  RELEASED: ['nothing', 'returned'],
  CANCELLING: ['paid', 'returned'],
  CANCELLED: ['returned'],
  COMPLETED: ['paid'],
}

const causesOfBooking = ({ id, status, price, createdAt }: BookingDetails): Cause[] => {
  const ways = moved[status]
  const cause = (kind: Cause['kind'], when: readonly (typeof ways)[number][]): Cause[] => {
    if (!ways.some((way) => when.includes(way))) return []
    const isOptional = ways.some((way) => !when.includes(way))
    const name = `booking ${id} (${status})`
    return [{ kind, amount: price, name, about: [id], sagaId: id, storedAt: createdAt, isOptional }]
  }
  return [...cause('WITHDRAW', ['paid', 'returned']), ...cause('REFUND', ['returned'])]
}

const takingOfBooking = ({ id, status, price }: BookingDetails): Taking => ({
  sagaId: id,
  name: `booking ${id} (${status})`,
  takings: moved[status].map((way) => (way === 'paid' ? price : 0)),
})

// --- letters -----------------------------------------------------------------------

type Kind = Owed['kind']

/** Later than every time of an answer, as a text. */
const never = '9999'

const lettersOf: Readonly<
  Record<'PAID' | 'REFUSED' | 'RELEASED' | 'CANCELLED', readonly [Kind, Kind]>
> = {
  PAID: ['BOOKING_PAID', 'OFFER_BOOKED'],
  REFUSED: ['BOOKING_REFUSED', 'OFFER_REFUSED'],
  RELEASED: ['BOOKING_RELEASED', 'OFFER_RELEASED'],
  CANCELLED: ['BOOKING_CANCELLED', 'OFFER_CANCELLED'],
}

/** What was decided about a booking until now, each with letters of its own. */
const decisionsOf: Readonly<Record<Status, readonly (keyof typeof lettersOf)[]>> = {
  PENDING: [],
  PAID: ['PAID'],
  REFUSED: ['REFUSED'],
  RELEASING: [],
  RELEASED: ['RELEASED'],
  CANCELLING: ['PAID'],
  CANCELLED: ['PAID', 'CANCELLED'],
  COMPLETED: ['PAID'],
}

const owed = ({ id, price }: BookingDetails, kind: Kind, isOptional: boolean): Owed => {
  const about = { orderId: null, bookingId: id }
  return { kind, ...about, amount: price, isOptional }
}

/** Nobody knows where to write to somebody without an account, or before it was opened. */
const lettersToCustomer = ({ account, bookings }: UserFacts): Owed[] =>
  bookings.flatMap((booking) => {
    const { status, reason, createdAt } = booking
    const wasNeverPaid = status === 'REFUSED' || status === 'RELEASED'
    if (wasNeverPaid && (account === undefined || reason === 'account-not-found')) return []
    const isOptional = wasNeverPaid && account !== undefined && account.createdAt >= createdAt
    return decisionsOf[status].map((decision) => owed(booking, lettersOf[decision][0], isOptional))
  })

const firstLetters = new WeakMap<Facts, Map<string, string>>()

/** When the first letter of each kind about each booking was written. */
const firstLettersIn = (facts: Facts) => {
  const known = firstLetters.get(facts)
  if (known !== undefined) return known
  const first = new Map<string, string>()
  for (const { bookingId, kind, createdAt } of facts.users.flatMap(({ letters }) => letters)) {
    const name = `${bookingId} ${kind}`
    if (createdAt < (first.get(name) ?? never)) first.set(name, createdAt)
  }
  firstLetters.set(facts, first)
  return first
}

/** A decision came after its booking was stored, and before the first letter about it. */
const decidedBefore = (facts: Facts, bookingId: string, kinds: readonly Kind[]): string =>
  kinds.map((kind) => firstLettersIn(facts).get(`${bookingId} ${kind}`) ?? never).toSorted()[0] ??
  never

/** Whether somebody was a member at a moment between two: surely, maybe, or surely not. */
const wasMember = (memberships: readonly Membership[], from: string, to: string) => {
  const isSure = memberships.some(
    ({ joinedAt, leftAt }) =>
      joinedAt < from && leftAt !== undefined && (leftAt === null || leftAt > to),
  )
  if (isSure) return 'yes'
  const isPossible = memberships.some(
    ({ joinedAt, leftAt }) => joinedAt <= to && (leftAt ?? never) >= from,
  )
  return isPossible ? 'maybe' : 'no'
}

const lettersToManager = (user: UserFacts, facts: Facts): Owed[] => {
  const mine = facts.memberships.filter(({ userId }) => userId === user.userId)
  const byCompany = Map.groupBy(mine, ({ companyId }) => companyId)
  if (byCompany.size === 0) return []
  return facts.users
    .flatMap(({ bookings }) => bookings)
    .flatMap((booking) => {
      const memberships = byCompany.get(booking.companyId) ?? []
      return decisionsOf[booking.status].flatMap((decision) => {
        const to = decidedBefore(facts, booking.id, lettersOf[decision])
        const was = wasMember(memberships, booking.createdAt, to)
        return was === 'no' ? [] : [owed(booking, lettersOf[decision][1], was === 'maybe')]
      })
    })
}

// --- states ------------------------------------------------------------------------

const open = new Set<Status>(['PENDING', 'RELEASING', 'CANCELLING'])

const unfinishedIn = ({ bookings }: UserFacts): Unfinished[] =>
  bookings
    .filter(({ status }) => open.has(status))
    .map(({ id, status }) => ({ what: `booking ${id} is still ${status}`, id }))

const thingOf = ({ id, status }: Booking): Thing => ({ kind: 'booking', id, status })
const offerAsThing = ({ id, status }: Offer): Thing => ({ kind: 'offer', id, status })

type Items<Item> = { readonly items: readonly Item[] }

const sightingsIn = ({ method, path, answer }: ToldExchange): readonly Thing[] => {
  const { status, body, replayed } = answer
  const isFine = status === 200 || status === 201 || status === 202
  if (method === 'GET') {
    if (status !== 200) return []
    if (/^\/bookings\/|^\/offers\/[^/]+\/booking$/.test(path)) return [thingOf(body as Booking)]
    if (/^\/bookings(\?|$)/.test(path)) return (body as Items<Booking>).items.map(thingOf)
    if (path.startsWith('/offers/')) return [offerAsThing(body as Offer)]
    if (/^\/offers(\?|$)/.test(path)) return (body as Items<Offer>).items.map(offerAsThing)
    return []
  }
  if (replayed) return []
  if (path === '/bookings') {
    if (isFine) return [thingOf(body as Booking)]
    const { booking } = body as { readonly booking?: Booking }
    return booking === undefined ? [] : [thingOf(booking)]
  }
  if (!isFine) return []
  if (path.startsWith('/bookings/')) return [thingOf(body as Booking)]
  return /^\/offers(\/|$)/.test(path) ? [offerAsThing(body as Offer)] : []
}

// --- what was told -----------------------------------------------------------------

/** What may have become of a booking, by what its POST, its DELETE or its completion was answered. */
const nowAfter: Readonly<Record<string, readonly Status[]>> = {
  'POST 201': ['PAID', 'CANCELLING', 'CANCELLED', 'COMPLETED'],
  'POST 402': ['REFUSED'],
  'POST 404': ['REFUSED'],
  'POST 409': ['RELEASED'],
  'POST 202': Object.keys(moved) as Status[],
  'DELETE 200': ['CANCELLED'],
  'DELETE 202': ['CANCELLING', 'CANCELLED'],
  'complete 200': ['COMPLETED'],
}

interface ToldBooking {
  readonly after: string
  readonly booking: Booking
}

const bookingIn = ({ method, path, answer }: ToldExchange): ToldBooking | undefined => {
  const { status, body } = answer
  if (method === 'POST' && path === '/bookings') {
    const after = `POST ${status}`
    if (status === 201 || status === 202) return { after, booking: body as Booking }
    const { booking } = body as { readonly booking?: Booking }
    return booking && { after, booking }
  }
  const [, action] = /^\/bookings\/[^/?]+(\/complete)?(?:\?|$)/.exec(path) ?? []
  const isDone = path.startsWith('/bookings/') && (status === 200 || status === 202)
  if (method === 'GET' || !isDone) return undefined
  const after = `${action === undefined ? 'DELETE' : 'complete'} ${status}`
  return { after, booking: body as Booking }
}

/** What only its details show. */
const noSteps = { timeline: undefined, owes: undefined }

/** All of a booking but where it stands now. */
const unchanging = (booking: Booking): object => ({
  ...booking,
  ...noSteps,
  status: undefined,
  reason: undefined,
  cancelledBy: undefined,
  cancelReason: undefined,
})

const bookingViolations = (
  bookings: ReadonlyMap<string, BookingDetails>,
  { after, booking: told }: ToldBooking,
): Violation[] => {
  const now = bookings.get(told.id)
  if (now === undefined)
    return [lost(`booking ${told.id} was told (${after}), and is gone`, told.id)]
  // Only the end of a booking tells why, and that stays.
  const isEnd = told.status === now.status && !open.has(now.status)
  const isSame = isEnd
    ? isDeepStrictEqual({ ...now, ...noSteps }, { ...told, ...noSteps })
    : isDeepStrictEqual(unchanging(now), unchanging(told))
  if (isSame && nowAfter[after]?.includes(now.status)) return []
  const message = `booking ${JSON.stringify(told)} was told (${after}), and is ${JSON.stringify(now)}`
  return [lost(message, told.id)]
}

const offerViolations = (
  offers: ReadonlyMap<string, Offer>,
  { method, path, answer }: ToldExchange,
): Violation[] => {
  const isMade = method === 'POST' && path === '/offers' && answer.status === 201
  const isGone =
    method === 'DELETE' && path.startsWith('/offers/') && [200, 202].includes(answer.status)
  if (!isMade && !isGone) return []
  const told = answer.body as Offer
  const now = offers.get(told.id)
  const change = { status: null, cancelledBy: null, cancelReason: null }
  const isSame = isGone
    ? isDeepStrictEqual(now, told)
    : now !== undefined && isDeepStrictEqual({ ...now, ...change }, { ...told, ...change })
  if (isSame && (!isGone || now?.status === 'CANCELLED')) return []
  const message = `offer ${JSON.stringify(told)} was told by ${method}, and is ${JSON.stringify(now) ?? 'gone'}`
  return [lost(message, told.id)]
}

const toldViolations = ({ facts, exchanges }: Evidence): Violation[] => {
  const all = facts.users.flatMap(({ bookings }) => bookings)
  const bookings = new Map(all.map((booking) => [booking.id, booking]))
  const offers = new Map(facts.offers.map((offer) => [offer.id, offer]))
  return exchanges.filter(isTold).flatMap((exchange) => {
    const told = bookingIn(exchange)
    return [
      ...(told === undefined ? [] : bookingViolations(bookings, told)),
      ...offerViolations(offers, exchange),
    ]
  })
}

export const bookingRules: SagaRules = {
  causes: ({ bookings }) => bookings.flatMap(causesOfBooking),
  takings: ({ bookings }) => bookings.map(takingOfBooking),
  contradictions: soldTwice,
  letters: (user, facts) => [...lettersToCustomer(user), ...lettersToManager(user, facts)],
  once: {
    BOOKING_PAID: 'end for the customer',
    BOOKING_REFUSED: 'end for the customer',
    BOOKING_RELEASED: 'end for the customer',
    BOOKING_CANCELLED: 'cancelled for the customer',
    OFFER_BOOKED: 'end for the manager',
    OFFER_REFUSED: 'end for the manager',
    OFFER_RELEASED: 'end for the manager',
    OFFER_CANCELLED: 'cancelled for the manager',
  },
  unfinished: unfinishedIn,
  // A second copy on purpose: it must not change when the code's own table changes.
  reachable: {
    booking: {
      PENDING: Object.keys(moved),
      PAID: ['PAID', 'CANCELLING', 'CANCELLED', 'COMPLETED'],
      REFUSED: ['REFUSED'],
      RELEASING: ['RELEASING', 'RELEASED'],
      RELEASED: ['RELEASED'],
      CANCELLING: ['CANCELLING', 'CANCELLED'],
      CANCELLED: ['CANCELLED'],
      COMPLETED: ['COMPLETED'],
    },
    offer: {
      ...Object.fromEntries(
        ['OPEN', 'RESERVED', 'PAID'].map((from) => [
          from,
          ['OPEN', 'RESERVED', 'PAID', 'COMPLETED', 'CANCELLED'],
        ]),
      ),
      COMPLETED: ['COMPLETED'],
      CANCELLED: ['CANCELLED'],
    },
  },
  sightings: sightingsIn,
  things: ({ users, offers }) => [
    ...users.flatMap(({ bookings }) => bookings.map(thingOf)),
    ...offers.map(offerAsThing),
  ],
  told: toldViolations,
  cancelled: /^\/(?:bookings|offers)\/[^/]+$/,
}
