import { servicesWithDatabase } from '../../../src/registry.ts'
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
  type Scenario,
  type Step,
} from './scenario.ts'

/**
 * One person and everything about orders: each kind of write with its good and its bad ending, then
 * every read.
 */
const user = 'user'
const operator = 'operator'

const withSession = (name: string, what: string, status: number): Step => ({
  name,
  status,
  isForgotten: true,
  requests: ({ recall }) => [
    {
      method: 'POST',
      path: `/sessions/${what}`,
      body: { refreshToken: recall(`refresh token of ${user}`) },
    },
  ],
})

/** Whose rows may owe something, and who can be asked what they have of an id. */
const sagaServices = ['order', 'booking', 'user', 'billing'] as const
const searchable = [...sagaServices, 'company', 'notification'] as const

const order = { paid: 300, raised: 450, lowered: 200 } as const
const deposit = 1_000
const tooMuch = 5_000
const atOnce = { orders: 4, price: 7 } as const
/** This must be the last step: after it the user could pay for what was refused before. */
const fortune = 20_000

const placeOrder = (name: string, price: number, status: number): Step =>
  writing(
    name,
    user,
    status,
    ({ recall }) => ['POST', '/orders', { userId: recall(user), price, description: name }],
    status === 201 ? 'order' : undefined,
  )

const reprice = (name: string, price: number, status: number): Step =>
  writing(name, user, status, ({ recall }) => ['PATCH', `/orders/${recall('order')}`, { price }])

const steps: readonly Step[] = [
  signUpAs(user, 'create the user'),
  signInAs(user, 'sign in'),
  {
    name: 'guess a password',
    status: 401,
    isForgotten: true,
    requests: ({ tag }) => [
      {
        method: 'POST',
        path: '/sessions',
        body: { username: `${tag}-${user}`, password: 'a wrong guess' },
      },
    ],
  },
  signInAs(operator, 'sign in as operator', (memory) => memory.operator),
  {
    // A refresh token serves once. When its answer was lost, the repeat ends the session.
    ...withSession('refresh the session', 'refresh', 200),
    orElse: 401,
    keep: ({ keep }, { refreshToken }) => keep(`refresh token of ${user}`, refreshToken),
  },
  withSession('end the session', 'end', 204),
  putOn(user, 'deposit', deposit),
  placeOrder('order within means', order.paid, 201),
  placeOrder('order beyond means', tooMuch, 402),
  reprice('raise the price', order.raised, 200),
  reprice('leave the price', order.raised, 200),
  reprice('raise it too high', tooMuch, 402),
  reprice('lower the price', order.lowered, 200),
  {
    name: 'cancel',
    status: 200,
    requests: (memory) =>
      by(user, memory, [{ method: 'DELETE', path: `/orders/${memory.recall('order')}` }]),
  },
  {
    name: 'orders at once',
    status: 201,
    isAtOnce: true,
    requests: (memory) =>
      Array.from({ length: atOnce.orders }, (_, index) =>
        by(
          user,
          memory,
          write(memory, `order ${index}`, 'POST', '/orders', {
            userId: memory.recall(user),
            price: atOnce.price,
          }),
        ),
      ).flat(),
  },
  putOn(user, 'deposit a fortune', fortune),
  writing('withdraw', user, 200, ({ recall }) => [
    'POST',
    `/billing/accounts/${recall(user)}/withdraw`,
    { amount: 1 },
  ]),
  {
    name: 'order of nobody',
    status: 404,
    // Others than an operator are told so before user is asked.
    requests: (memory) =>
      by(
        operator,
        memory,
        write(memory, 'order of nobody', 'POST', '/orders', { userId: memory.nobody, price: 5 }),
      ),
  },
  {
    name: 'order of nobody without a key',
    status: 404,
    isForgotten: true,
    requests: (memory) =>
      by(operator, memory, [
        { method: 'POST', path: '/orders', body: { userId: memory.nobody, price: 6 } },
      ]),
  },
  {
    // What is owed differs from run to run, and this is nobody's.
    name: 'retry what never was',
    status: 404,
    isForgotten: true,
    requests: (memory) =>
      by(
        operator,
        memory,
        sagaServices.map((service) => ({
          method: 'POST' as const,
          path: `/owed/${service}/${memory.nobody}/retry`,
        })),
      ),
  },
  {
    name: 'read everything',
    status: 200,
    requests: (memory) => {
      const [userId, orderId] = [memory.recall(user), memory.recall('order')]
      return [
        ...by(user, memory, [
          read(`/users/${userId}`),
          read(`/billing/accounts/${userId}`),
          read(`/billing/accounts/${userId}/operations`),
          read(`/orders/${orderId}`),
          read(`/orders/${orderId}/changes`),
          read(`/orders?userId=${userId}`),
          read(`/notifications?userId=${userId}`),
        ]),
        ...by(operator, memory, [
          ...servicesWithDatabase.map((service) => read(`/acts/${service}`)),
          read('/books'),
          ...sagaServices.map((service) => read(`/owed/${service}`)),
          ...searchable.map((service) => read(`/search/${service}?q=${orderId}`)),
        ]),
      ]
    },
  },
]

const eachAtOnce = (entry: string) => Array.from({ length: atOnce.orders }, () => entry)

/** The end that the scenario must have: each entry exactly as often as it is listed here. */
const outcome = {
  balance: deposit - atOnce.orders * atOnce.price + fortune - 1,
  operations: [
    `DEPOSIT ${deposit}`,
    `WITHDRAW ${order.paid}`,
    `WITHDRAW ${order.raised - order.paid}`,
    `REFUND ${order.raised - order.lowered}`,
    `REFUND ${order.lowered}`,
    ...eachAtOnce(`WITHDRAW ${atOnce.price}`),
    `DEPOSIT ${fortune}`,
    'WITHDRAW 1',
  ],
  orders: [
    `CANCELLED ${order.lowered}: CANCEL DONE, REPRICE DONE, REPRICE REFUSED, REPRICE DONE, REPRICE DONE`,
    `REJECTED ${tooMuch}: `,
    ...eachAtOnce(`APPROVED ${atOnce.price}: `),
  ],
  letters: [
    `DEPOSIT ${deposit}`,
    `ORDER_APPROVED ${order.paid}`,
    `ORDER_REJECTED ${tooMuch}`,
    `ORDER_REPRICED ${order.raised}`,
    `ORDER_REPRICED ${order.lowered}`,
    `ORDER_CANCELLED ${order.lowered}`,
    ...eachAtOnce(`ORDER_APPROVED ${atOnce.price}`),
    `DEPOSIT ${fortune}`,
  ],
} as const

export const shop: Scenario = {
  name: 'shop',
  steps,
  people: ({ recall, nobody }) => [recall(user), nobody],
  outcome: ({ recall }, facts) => {
    const found = factsOf(facts, recall(user))
    const orders = found.orders.map(
      ({ status, price, changes }) =>
        `${status} ${price}: ${changes.map((change) => `${change.kind} ${change.status}`).join(', ')}`,
    )
    return [
      ...belongings(user, found, outcome),
      { what: 'orders', found: orders, wanted: outcome.orders },
    ]
  },
}
