import { describe, expect, it } from 'vitest'
import type { BookingDetails, Offer } from '../../src/services/booking/contract.ts'
import type { UserFacts } from './facts.ts'
import type { Exchange, Told } from './history.ts'
import { findViolations } from './invariants.ts'
import type { Membership } from './memberships.ts'
import { at, createExchanges, letterTo, operationOf } from './sound.ts'

/** Each kind of fault of bookings is planted once, and the judge must name it. */
const companyId = 'company-1'

const emailOf = (userId: string) => `${userId}@example.org`
const letterToCustomer = (userId: string) => letterTo(userId, emailOf(userId), 'bookingId')

const userOf = (userId: string, more: Partial<UserFacts> = {}): UserFacts => ({
  userId,
  user: {
    id: userId,
    username: userId,
    email: emailOf(userId),
    phone: null,
    firstName: null,
    lastName: null,
    locale: 'en',
    account: 'OPEN',
    createdAt: at(0),
  },
  account: { userId, email: emailOf(userId), balance: 0, createdAt: at(0) },
  operations: [],
  orders: [],
  bookings: [],
  letters: [],
  ...more,
})

const about = {
  companyId,
  title: 'Sauna',
  startsAt: at(59),
  endsAt: at(59),
  timeZone: 'UTC',
  cancelledBy: null,
  cancelReason: null,
}

const bookingOf = (
  userId: string,
  id: string,
  offer: string,
  price: number,
  status: BookingDetails['status'],
  second: number,
  more: Partial<BookingDetails> = {},
): BookingDetails => ({
  ...about,
  id,
  offerId: `offer-${offer}`,
  userId,
  price,
  status,
  reason: null,
  holdUntil: at(second + 15),
  createdAt: at(second),
  timeline: [],
  owes: false,
  ...more,
})

const offerOf = (name: string, price: number, status: Offer['status']): Offer => ({
  ...about,
  id: `offer-${name}`,
  categoryId: 'category-1',
  description: null,
  price,
  startsAtLocal: at(59),
  endsAtLocal: at(59),
  resource: null,
  location: null,
  status,
  createdAt: at(1),
})

const member = (userId: string, joinedAt: string, leftAt: Membership['leftAt']): Membership => ({
  companyId,
  userId,
  joinedAt,
  leftAt,
})

/** Masha has one time, and gave another back that Petya has now; the rest did not work out. */
const soundMasha = () => {
  const operation = operationOf('masha')
  const letter = letterToCustomer('masha')
  return userOf('masha', {
    account: { userId: 'masha', email: emailOf('masha'), balance: 7_000, createdAt: at(0) },
    operations: [
      operation('op-1', 'DEPOSIT', 10_000, 10_000, 1),
      operation('op-2', 'WITHDRAW', 3_000, 7_000, 2, 'paid'),
      operation('op-3', 'WITHDRAW', 500, 6_500, 4, 'late'),
      operation('op-4', 'REFUND', 500, 7_000, 5, 'late'),
      operation('op-5', 'WITHDRAW', 700, 6_300, 6, 'given-back'),
      operation('op-6', 'REFUND', 700, 7_000, 8, 'given-back'),
    ],
    bookings: [
      bookingOf('masha', 'paid', 'a', 3_000, 'PAID', 2),
      bookingOf('masha', 'refused', 'b', 90_000, 'REFUSED', 3, { reason: 'insufficient-funds' }),
      bookingOf('masha', 'late', 'c', 500, 'RELEASED', 4, { reason: 'hold-over' }),
      bookingOf('masha', 'given-back', 'd', 700, 'CANCELLED', 6, { cancelledBy: 'CUSTOMER' }),
    ],
    letters: [
      letterTo('masha', emailOf('masha'))('letter-0', 'DEPOSIT', 10_000, null),
      letter('letter-1', 'BOOKING_PAID', 3_000, 'paid'),
      letter('letter-2', 'BOOKING_REFUSED', 90_000, 'refused'),
      letter('letter-3', 'BOOKING_RELEASED', 500, 'late'),
      letter('letter-4', 'BOOKING_PAID', 700, 'given-back'),
      letter('letter-5', 'BOOKING_CANCELLED', 700, 'given-back'),
    ],
  })
}

const soundPetya = () => {
  const operation = operationOf('petya')
  const letter = letterToCustomer('petya')
  return userOf('petya', {
    account: { userId: 'petya', email: emailOf('petya'), balance: 100, createdAt: at(0) },
    operations: [
      operation('op-7', 'DEPOSIT', 900, 900, 1),
      operation('op-8', 'WITHDRAW', 100, 800, 2, 'completed'),
      operation('op-9', 'WITHDRAW', 700, 100, 8, 'next'),
    ],
    bookings: [
      bookingOf('petya', 'completed', 'e', 100, 'COMPLETED', 2),
      bookingOf('petya', 'next', 'd', 700, 'PAID', 8),
    ],
    letters: [
      letterTo('petya', emailOf('petya'))('letter-6', 'DEPOSIT', 900, null),
      letter('letter-7', 'BOOKING_PAID', 100, 'completed'),
      letter('letter-8', 'BOOKING_PAID', 700, 'next'),
    ],
  })
}

const lettersToManager = (userId: string) => {
  const letter = letterToCustomer(userId)
  return [
    letter(`${userId}-1`, 'OFFER_BOOKED', 3_000, 'paid'),
    letter(`${userId}-2`, 'OFFER_REFUSED', 90_000, 'refused'),
    letter(`${userId}-3`, 'OFFER_RELEASED', 500, 'late'),
    letter(`${userId}-4`, 'OFFER_BOOKED', 700, 'given-back'),
    letter(`${userId}-5`, 'OFFER_CANCELLED', 700, 'given-back'),
    letter(`${userId}-6`, 'OFFER_BOOKED', 100, 'completed'),
    letter(`${userId}-7`, 'OFFER_BOOKED', 700, 'next'),
  ]
}

/** Anna manages the company all the time; Boris left before the first booking, Vera came after. */
const soundFacts = () => {
  const [masha, petya] = [soundMasha(), soundPetya()]
  const anna = userOf('anna', { letters: lettersToManager('anna') })
  const people = { masha, petya, anna, boris: userOf('boris'), vera: userOf('vera') }
  return {
    people,
    offers: [
      offerOf('a', 3_000, 'PAID'),
      offerOf('b', 90_000, 'OPEN'),
      offerOf('c', 500, 'OPEN'),
      offerOf('d', 700, 'PAID'),
      offerOf('e', 100, 'COMPLETED'),
    ],
    memberships: [
      member('anna', at(0), null),
      member('boris', at(0), at(1)),
      member('vera', at(30), null),
    ],
  }
}

type Sound = ReturnType<typeof soundFacts> & {
  readonly exchanges: Exchange[]
  /** Sent after all others. */
  readonly exchange: ReturnType<typeof createExchanges>
}

const withoutTimeline = ({ timeline: _timeline, owes: _owes, ...booking }: BookingDetails) =>
  booking

const soundExchanges = ({ people, offers }: ReturnType<typeof soundFacts>) => {
  const exchange = createExchanges('masha')
  const { masha, petya } = structuredClone(people)
  const [paid, refused, late, givenBack] = masha.bookings.map(withoutTimeline)
  const [completed, next] = petya.bookings.map(withoutTimeline)
  const book = (userId: string, key: string, offerId: string, answer: Partial<Told>) =>
    exchange('POST', '/bookings', { key, as: userId, body: { offerId } }, answer)
  const asPaid = (booking: typeof paid) => ({
    status: 201,
    body: { ...booking, status: 'PAID', cancelledBy: null },
  })
  const deposit = ({ userId, account, operations: [operation] }: UserFacts) => {
    const sent = { key: `d-${userId}`, body: { amount: operation?.amount } }
    const path = `/billing/accounts/${userId}/deposit`
    return exchange('POST', path, sent, { body: { operation, account } })
  }
  const taken = { status: 409, body: { code: 'offer-taken' } }
  const openOffer = { ...structuredClone(offers[0]), status: 'OPEN' }
  const exchanges = [
    deposit(masha),
    deposit(petya),
    exchange('POST', '/offers', { key: 'o', as: 'anna' }, { status: 201, body: openOffer }),
    book('masha', 'k1', 'offer-a', asPaid(paid)),
    book('petya', 'k9', 'offer-a', taken),
    book('masha', 'k1', 'offer-a', { ...asPaid(paid), replayed: true }),
    book('masha', 'k2', 'offer-b', { status: 402, body: { code: 'x', booking: refused } }),
    book('masha', 'k3', 'offer-c', {
      status: 409,
      body: { code: 'booking-released', booking: late },
    }),
    book('masha', 'k4', 'offer-d', asPaid(givenBack)),
    // Nothing was kept, so the repeat asked again.
    book('petya', 'k5', 'offer-d', taken),
    exchange('DELETE', '/bookings/given-back?reason=ill', { as: 'masha' }, { body: givenBack }),
    book('petya', 'k5', 'offer-d', asPaid(next)),
    exchange('POST', '/bookings/completed/complete', { as: 'anna' }, { body: completed }),
  ]
  return { exchange, exchanges }
}

const judge = (spoil: (sound: Sound) => void, isQuiet = true) => {
  const facts = soundFacts()
  const sound = { ...facts, ...soundExchanges(facts) }
  spoil(sound)
  const { people, offers, memberships, exchanges } = sound
  const users = Object.values(people)
  return findViolations({ facts: { users, offers, memberships }, exchanges, isQuiet })
}

const change = (items: readonly { readonly id: string }[], id: string, more: object) =>
  Object.assign(
    items.find((item) => item.id === id)!,
    more,
  )

const drop = (items: readonly { readonly id: string }[], id: string) => {
  ;(items as { id: string }[]).splice(
    items.findIndex((item) => item.id === id),
    1,
  )
}

const push = <Item>(items: readonly Item[], ...more: Item[]) => (items as Item[]).push(...more)

const withdraw = operationOf('masha')

const spoiled: [string, number, (sound: Sound) => void][] = [
  [
    'a booking that was paid twice',
    2,
    ({ people: { masha } }) => {
      push(masha.operations, withdraw('op-x', 'WITHDRAW', 3_000, 4_000, 9, 'paid'))
      Object.assign(masha.account!, { balance: 4_000 })
    },
  ],
  [
    'a paid booking whose money came back',
    2,
    ({ people: { masha } }) => {
      push(masha.operations, withdraw('op-x', 'REFUND', 3_000, 10_000, 9, 'paid'))
      Object.assign(masha.account!, { balance: 10_000 })
    },
  ],
  [
    'a released booking whose late payment stayed',
    2,
    ({ people: { masha } }) => {
      ;(masha.operations as unknown[]).splice(3, 3)
      drop(masha.bookings, 'given-back')
      Object.assign(masha.account!, { balance: 6_500 })
    },
  ],
  [
    'a cancelled booking that was never refunded',
    2,
    ({ people: { masha } }) => {
      drop(masha.operations, 'op-6')
      Object.assign(masha.account!, { balance: 6_300 })
    },
  ],
  [
    'money that was taken for a booking that was refused',
    2,
    ({ people: { masha } }) => change(masha.operations, 'op-2', { orderId: 'refused' }),
  ],
  ['a told booking that is gone', 3, ({ people: { masha } }) => drop(masha.bookings, 'paid')],
  [
    'a paid booking that became refused',
    3,
    ({ people: { masha } }) => change(masha.bookings, 'paid', { status: 'REFUSED' }),
  ],
  [
    'a released booking that became paid',
    3,
    ({ people: { masha } }) => change(masha.bookings, 'late', { status: 'PAID', reason: null }),
  ],
  [
    'a refused booking that became paid',
    3,
    ({ people: { masha } }) => change(masha.bookings, 'refused', { status: 'PAID', reason: null }),
  ],
  [
    'a cancelled booking that came back',
    3,
    ({ people: { masha } }) => change(masha.bookings, 'given-back', { status: 'PAID' }),
  ],
  [
    'a cancelled booking that another has cancelled since',
    3,
    ({ people: { masha } }) => change(masha.bookings, 'given-back', { cancelledBy: 'COMPANY' }),
  ],
  [
    'a completed booking that was undone',
    3,
    ({ people: { petya } }) => change(petya.bookings, 'completed', { status: 'PAID' }),
  ],
  [
    'a told booking with another price',
    3,
    ({ people: { masha } }) => change(masha.bookings, 'paid', { price: 2_999 }),
  ],
  ['a told offer that is gone', 3, ({ offers }) => drop(offers, 'offer-a')],
  ['a told offer with another title', 3, ({ offers }) => change(offers, 'offer-a', { title: 'x' })],
  [
    'a withdrawn offer that is open again',
    3,
    ({ offers, exchanges, exchange }) => {
      const told = { ...offers[2]!, status: 'CANCELLED', cancelledBy: 'COMPANY' }
      exchanges.push(exchange('DELETE', '/offers/offer-c', { as: 'anna' }, { body: told }))
    },
  ],
  [
    'a repeat of what was paid that is taken now',
    3,
    ({ exchanges, exchange }) => {
      const sent = { key: 'k1', as: 'masha', body: { offerId: 'offer-a' } }
      const taken = { status: 409, body: { code: 'offer-taken' } }
      exchanges.push(exchange('POST', '/bookings', sent, taken))
    },
  ],
  [
    'a key that booked a second offer',
    3,
    ({ people, exchanges, exchange }) => {
      const sent = { key: 'k1', as: 'masha', body: { offerId: 'offer-d' } }
      const body = withoutTimeline(people.masha.bookings[0]!)
      exchanges.push(exchange('POST', '/bookings', sent, { status: 201, body, replayed: true }))
    },
  ],
  [
    'a cancellation that was told in another way later',
    3,
    ({ exchanges, exchange }) => {
      const other = { status: 409, body: { code: 'booking-not-paid' } }
      exchanges.push(exchange('DELETE', '/bookings/given-back', { as: 'masha' }, other))
    },
  ],
  [
    'a member who was told and is none',
    3,
    ({ memberships }) => push(memberships, member('petya', at(2), undefined)),
  ],
  [
    'a member who was told to be gone and is not',
    3,
    ({ exchanges, exchange }) => {
      const told = { companyId, userId: 'anna', joinedAt: at(0), leftAt: at(9) }
      const path = `/companies/${companyId}/members/anna`
      exchanges.push(exchange('DELETE', path, { as: 'anna' }, { body: told }))
    },
  ],
  [
    'a booking without a decision that was paid twice',
    2,
    ({ people: { masha } }) => {
      change(masha.bookings, 'late', { status: 'RELEASING' })
      const late = withdraw('op-x', 'WITHDRAW', 500, 6_500, 9, 'late')
      push(masha.operations, late, { ...late, id: 'op-y', balanceAfter: 6_000 })
      Object.assign(masha.account!, { balance: 6_000 })
    },
  ],
  ['a lost letter to a customer', 5, ({ people }) => drop(people.masha.letters, 'letter-3')],
  ['a lost letter to a manager', 5, ({ people }) => drop(people.anna.letters, 'anna-5')],
  [
    'a letter to a manager that came twice',
    5,
    ({ people: { anna } }) => push(anna.letters, { ...anna.letters[0]!, id: 'again' }),
  ],
  [
    'a letter to who was a manager no more',
    5,
    ({ people: { boris } }) => push(boris.letters, ...lettersToManager('boris').slice(0, 1)),
  ],
  [
    'a letter to who was no manager yet',
    5,
    ({ people: { vera } }) => push(vera.letters, ...lettersToManager('vera').slice(0, 1)),
  ],
  [
    'a letter to a manager about what became otherwise',
    5,
    ({ people: { anna } }) => change(anna.letters, 'anna-2', { kind: 'OFFER_RELEASED' }),
  ],
  [
    'a letter that does not name its booking',
    5,
    ({ people: { masha } }) => change(masha.letters, 'letter-1', { body: '30.00' }),
  ],
  [
    'money that moved before its booking was stored',
    6,
    ({ people: { masha } }) => change(masha.bookings, 'paid', { createdAt: at(7) }),
  ],
  ...(['PENDING', 'RELEASING', 'CANCELLING'] as const).map(
    (status): [string, number, (sound: Sound) => void] => [
      `a booking that stays ${status}`,
      7,
      ({ people: { masha } }) => change(masha.bookings, 'late', { status }),
    ],
  ),
  [
    'an offer that stays reserved',
    7,
    ({ offers }) => change(offers, 'offer-b', { status: 'RESERVED' }),
  ],
  [
    'a booking that was seen to go back',
    8,
    ({ people, exchanges, exchange }) => {
      const seen = { ...people.masha.bookings[0]!, status: 'CANCELLING' }
      exchanges.push(exchange('GET', '/bookings/paid', {}, { body: seen }))
    },
  ],
  [
    'an offer that was seen to come back',
    8,
    ({ offers, exchanges, exchange }) => {
      const items = [{ ...offers[1]!, status: 'CANCELLED' }]
      exchanges.push(exchange('GET', '/offers?limit=5', {}, { body: { items, next: null } }))
    },
  ],
  [
    'an offer that two have',
    9,
    ({ people: { masha } }) => change(masha.bookings, 'given-back', { status: 'PAID' }),
  ],
  [
    'an offer that is held for one and paid by another',
    9,
    ({ people: { masha } }) => change(masha.bookings, 'given-back', { status: 'RELEASING' }),
  ],
  ['an open offer that is paid', 9, ({ offers }) => change(offers, 'offer-a', { status: 'OPEN' })],
  [
    'a paid offer that nobody paid',
    9,
    ({ offers }) => change(offers, 'offer-b', { status: 'PAID' }),
  ],
  [
    'an offer that was sold before the money of the first was back',
    9,
    ({ people: { masha } }) => change(masha.operations, 'op-6', { createdAt: at(9) }),
  ],
  [
    'an offer that two were seen to have at once, and none has now',
    9,
    ({ people: { masha, petya }, exchanges, exchange }) => {
      const see = (booking: BookingDetails) => {
        const path = `/bookings/${booking.id}`
        exchanges.push(exchange('GET', path, {}, { body: { ...booking, status: 'PAID' } }))
      }
      see(masha.bookings[3]!)
      see(petya.bookings[1]!)
      see(masha.bookings[3]!)
    },
  ],
]

describe('the judge of bookings', () => {
  it('finds nothing wrong in a history without faults', () => {
    expect(judge(() => {})).toEqual([])
    expect(judge(() => {}, false)).toEqual([])
  })

  it.each(spoiled)('names %s', (_name, invariant, spoil) => {
    expect(judge(spoil).map((violation) => violation.invariant)).toContain(invariant)
  })

  it('accepts a released booking that was never paid', () => {
    const neverPaid = judge(({ people: { masha } }) => {
      drop(masha.operations, 'op-3')
      drop(masha.operations, 'op-4')
      change(masha.operations, 'op-5', { balanceAfter: 6_300 })
    })
    expect(neverPaid).toEqual([])
  })

  it('accepts that somebody without an account gets no letter, and the manager does', () => {
    const refused = judge((sound) => {
      const nobody = bookingOf('vera', 'lost', 'b', 90_000, 'REFUSED', 5, {
        reason: 'account-not-found',
      })
      sound.people.vera = userOf('vera', { account: undefined, bookings: [nobody] })
      push(
        sound.people.anna.letters,
        letterToCustomer('anna')('l', 'OFFER_REFUSED', 90_000, 'lost'),
      )
    })
    expect(refused).toEqual([])
  })

  it('accepts a letter, and none, for who became a manager between booking and letter', () => {
    const joins = ({ memberships }: Sound) => {
      Object.assign(memberships[2]!, { joinedAt: at(8) })
      // The last booking was stored in that second.
      return memberships
    }
    expect(judge(joins).map(({ invariant }) => invariant)).toEqual([])
    const told = judge((sound) => {
      joins(sound)
      push(sound.people.vera.letters, lettersToManager('vera')[6]!)
    })
    expect(told).toEqual([])
  })

  it('accepts both for a member of whom only the end is unknown', () => {
    const gone = ({ memberships, exchanges, exchange }: Sound) => {
      Object.assign(memberships[0]!, { leftAt: undefined })
      const unknown = { kind: 'unknown' as const, reason: 'reset' }
      const path = `/companies/${companyId}/members/anna`
      exchanges.push(exchange('DELETE', path, { as: 'anna' }, unknown))
    }
    expect(judge(gone)).toEqual([])
    const silent = judge((sound) => {
      gone(sound)
      ;(sound.people.anna.letters as unknown[]).splice(0)
    })
    expect(silent).toEqual([])
  })
})
