import { movePast } from '../../lab/moved-times.ts'
import {
  belongings,
  by,
  factsOf,
  putOn,
  read,
  signInAs,
  signUpAs,
  write,
  writing,
  type Comparison,
  type Memory,
  type Scenario,
  type Step,
} from './scenario.ts'

/**
 * Two people who manage a company, a customer, and everything about bookings: an offer that is paid,
 * refused, cancelled by each side, withdrawn in each state, held too long, and completed.
 */
const manager = 'manager'
const partner = 'partner'
const customer = 'customer'
const operator = 'tower'

const deposit = 1_000
/** Each offer has a price of its own, so that operations and letters tell which one they are about. */
const offers = {
  haircut: 300,
  palace: 5_000,
  sauna: 40,
  massage: 50,
  lesson: 120,
} as const
type OfferName = keyof typeof offers

const prepared = (step: Step): Step => ({ ...step, isPreparation: true })

const dayMs = 86_400_000

const newOffer = ({ recall, begunMs, tag }: Memory, name: OfferName) => {
  const startsMs = begunMs + (10 + Object.keys(offers).indexOf(name)) * dayMs
  return {
    companyId: recall('company'),
    categoryId: recall('category'),
    title: name,
    description: `What ${tag} offers`,
    price: offers[name],
    startsAt: new Date(startsMs).toISOString(),
    endsAt: new Date(startsMs + dayMs / 24).toISOString(),
    timeZone: 'Europe/Berlin',
    resource: 'Anna',
    location: { lat: 52.52, lng: 13.405 },
  }
}

const offering = (stepName: string, name: OfferName, status: number): Step =>
  writing(
    stepName,
    manager,
    status,
    (memory) => ['POST', '/offers', newOffer(memory, name)],
    status === 201 ? name : undefined,
  )

const booking = (stepName: string, name: OfferName, status: number, keepAs?: string): Step =>
  writing(
    stepName,
    customer,
    status,
    ({ recall }) => ['POST', '/bookings', { offerId: recall(name) }],
    keepAs,
  )

const withdrawing = (name: OfferName) => (memory: Memory) =>
  by(manager, memory, [
    { method: 'DELETE', path: `/offers/${memory.recall(name)}?reason=Anna+is+ill` },
  ])

const people: readonly Step[] = [
  signUpAs(manager, 'create the manager'),
  signInAs(manager, 'sign in the manager'),
  signUpAs(partner, 'create the partner'),
  signUpAs(customer, 'create the customer'),
  signInAs(customer, 'sign in the customer'),
  signInAs(operator, 'sign in as operator of the fair', (memory) => memory.operator),
  putOn(customer, 'deposit for bookings', deposit),
].map(prepared)

/** Roots come first in the tree, and offers may stand anywhere. */
const categories: readonly Step[] = [
  {
    name: 'read the categories',
    status: 200,
    requests: () => [read('/categories')],
    keep: ({ keep }, body) => {
      const { items } = body as unknown as { readonly items: readonly { readonly id: string }[] }
      const last = items.findLast(() => true)
      if (last !== undefined) keep('category', last.id)
    },
  },
  {
    ...writing('add a category', operator, 201, ({ tag }) => [
      'POST',
      '/categories',
      { name: `All about ${tag}` },
    ]),
    // All runs of a system share one tree, which takes 500.
    orElse: 409,
  },
  writing('rename a category', operator, 200, ({ recall, tag }) => [
    'PATCH',
    `/categories/${recall('category')}`,
    { name: `Renamed by ${tag}` },
  ]),
]

const company: readonly Step[] = [
  writing(
    'create the company',
    manager,
    201,
    () => ['POST', '/companies', { name: 'Barber on the Corner', address: '1 Main Street' }],
    'company',
  ),
  writing('change the company', manager, 200, ({ recall }) => [
    'PATCH',
    `/companies/${recall('company')}`,
    { phone: '+7 900 123-45-67', active: true },
  ]),
  writing('add the partner', manager, 201, ({ recall }) => [
    'POST',
    `/companies/${recall('company')}/members`,
    { userId: recall(partner), role: 'MANAGER' },
  ]),
]

const payments: readonly Step[] = [
  offering('offer a time', 'haircut', 201),
  {
    // The same resource at the same time, under another key.
    ...offering('offer a time twice', 'haircut', 409),
    isForgotten: true,
  },
  prepared(offering('offer a palace', 'palace', 201)),
  prepared(offering('offer a sauna', 'sauna', 201)),
  prepared(offering('offer a massage', 'massage', 201)),
  prepared(offering('offer a lesson', 'lesson', 201)),
  booking('book within means', 'haircut', 201, 'first'),
  { ...booking('book what is taken', 'haircut', 409), isForgotten: true },
  booking('book beyond means', 'palace', 402),
  {
    name: 'cancel the booking',
    status: 200,
    requests: (memory) =>
      by(customer, memory, [
        { method: 'DELETE', path: `/bookings/${memory.recall('first')}?reason=I+am+ill` },
      ]),
  },
  prepared(booking('book it again', 'haircut', 201, 'second')),
]

const withdrawals: readonly Step[] = [
  { name: 'withdraw what is paid', status: 200, requests: withdrawing('haircut') },
  { name: 'withdraw what is open', status: 200, requests: withdrawing('palace') },
  {
    ...booking('hold it too long', 'sauna', 409, 'released'),
    without: 'billing',
    meanwhile: async (hands, { recall }) => {
      await movePast(hands, {
        service: 'booking',
        table: 'bookings',
        where: ['offer_id', recall('sauna')],
        columns: ['hold_until'],
      })
    },
  },
  {
    name: 'withdraw what is held',
    status: 409,
    orElse: 200,
    without: 'billing',
    requests: (memory) => [
      ...by(
        customer,
        memory,
        write(memory, 'book in vain', 'POST', '/bookings', { offerId: memory.recall('massage') }),
      ),
      ...withdrawing('massage')(memory),
    ],
  },
  prepared(booking('book a lesson', 'lesson', 201, 'lesson booked')),
  {
    ...writing('complete the booking', manager, 200, ({ recall }) => [
      'POST',
      `/bookings/${recall('lesson booked')}/complete`,
      undefined,
    ]),
    before: async (hands, { recall }) => {
      await movePast(hands, {
        service: 'booking',
        table: 'bookings',
        where: ['id', recall('lesson booked')],
        columns: ['starts_at', 'ends_at'],
      })
    },
  },
]

const ends: readonly Step[] = [
  {
    name: 'read about bookings',
    status: 200,
    requests: (memory) => {
      const { recall } = memory
      const ofCompany = `/companies/${recall('company')}`
      return [
        read(
          `/offers?companyId=${recall('company')}&text=lesson&status=COMPLETED&from=2026-01-01T00:00:00Z`,
        ),
        read('/offers?near=52.52,13.405&withinKm=5&limit=3'),
        read(`/offers?categoryId=${recall('category')}&maxPrice=100&limit=3`),
        read(`/offers/${recall('lesson')}`),
        read(ofCompany),
        ...by(manager, memory, [
          read('/companies'),
          read('/companies?mine=true'),
          read(`${ofCompany}/members`),
          read(`/offers/${recall('lesson')}/booking`),
        ]),
        ...by(customer, memory, [
          read('/bookings'),
          read(`/bookings/${recall('lesson booked')}`),
          read(`/notifications?bookingId=${recall('lesson booked')}`),
        ]),
      ]
    },
  },
  {
    name: 'let the partner go',
    status: 200,
    requests: (memory) => {
      const { recall } = memory
      const path = `/companies/${recall('company')}/members/${recall(partner)}`
      return by(manager, memory, [{ method: 'DELETE', path }])
    },
  },
]

/** All of the money is taken and given back, if it was taken before it was known to be in vain. */
const inVain = (operations: readonly string[], amount: number): readonly string[] =>
  operations.includes(`WITHDRAW ${amount}`) ? [`WITHDRAW ${amount}`, `REFUND ${amount}`] : []

/** The end that the scenario must have: each entry exactly as often as it is listed here. */
const told = {
  customer: [
    `DEPOSIT ${deposit}`,
    `BOOKING_PAID ${offers.haircut}`,
    `BOOKING_PAID ${offers.haircut}`,
    `BOOKING_PAID ${offers.lesson}`,
    `BOOKING_REFUSED ${offers.palace}`,
    `BOOKING_CANCELLED ${offers.haircut}`,
    `BOOKING_CANCELLED ${offers.haircut}`,
    `BOOKING_RELEASED ${offers.sauna}`,
    `BOOKING_RELEASED ${offers.massage}`,
  ],
  manager: [
    `OFFER_BOOKED ${offers.haircut}`,
    `OFFER_BOOKED ${offers.haircut}`,
    `OFFER_BOOKED ${offers.lesson}`,
    `OFFER_REFUSED ${offers.palace}`,
    `OFFER_CANCELLED ${offers.haircut}`,
    `OFFER_CANCELLED ${offers.haircut}`,
    `OFFER_RELEASED ${offers.sauna}`,
    `OFFER_RELEASED ${offers.massage}`,
  ],
} as const

const lastStatuses: Readonly<Record<OfferName, string>> = {
  haircut: 'CANCELLED',
  palace: 'CANCELLED',
  sauna: 'OPEN',
  massage: 'CANCELLED',
  lesson: 'COMPLETED',
}

const lastBookings = [
  `CANCELLED ${offers.haircut} by CUSTOMER`,
  `CANCELLED ${offers.haircut} by COMPANY`,
  `REFUSED ${offers.palace} by nobody`,
  `RELEASED ${offers.sauna} by nobody`,
  `RELEASED ${offers.massage} by nobody`,
  `COMPLETED ${offers.lesson} by nobody`,
] as const

const outcome: Scenario['outcome'] = ({ recall }, facts) => {
  const found = factsOf(facts, recall(customer))
  const operations = found.operations.map(({ kind, amount }) => `${kind} ${amount}`)
  const money: readonly Comparison[] = belongings(customer, found, {
    balance: deposit - offers.lesson,
    operations: [
      `DEPOSIT ${deposit}`,
      `WITHDRAW ${offers.haircut}`,
      `REFUND ${offers.haircut}`,
      `WITHDRAW ${offers.haircut}`,
      `REFUND ${offers.haircut}`,
      `WITHDRAW ${offers.lesson}`,
      ...inVain(operations, offers.sauna),
      ...inVain(operations, offers.massage),
    ],
    letters: told.customer,
  })
  const managers = [manager, partner].flatMap((name) =>
    belongings(name, factsOf(facts, recall(name)), {
      balance: 0,
      operations: [],
      letters: told.manager,
    }),
  )
  return [
    ...money,
    ...managers,
    {
      what: 'bookings',
      found: found.bookings.map(
        ({ status, price, cancelledBy }) => `${status} ${price} by ${cancelledBy ?? 'nobody'}`,
      ),
      wanted: lastBookings,
    },
    {
      what: 'offers',
      found: facts.offers.map(({ title, status }) => `${title} ${status}`),
      wanted: Object.entries(lastStatuses).map(([name, status]) => `${name} ${status}`),
    },
  ]
}

export const bookings: Scenario = {
  name: 'booking',
  steps: [...people, ...categories, ...company, ...payments, ...withdrawals, ...ends],
  people: ({ recall }) => [recall(customer), recall(manager), recall(partner)],
  outcome,
}
