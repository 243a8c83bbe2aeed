import { servicesWithDatabase } from '../../../src/registry.ts'
import type { Request } from '../../lab/actors.ts'
import type { Login } from '../../lab/sign-in.ts'

/**
 * What every run does, for its own user: each kind of write with its good and its bad ending, then
 * every read. Keys and amounts are fixed, so the outcome is fixed, whatever faults strike.
 */
export interface Memory {
  /** Each run has a different one. */
  readonly tag: string
  /** An id that is no user. */
  readonly nobody: string
  readonly operator: Login
  userId: string
  orderId: string
  /** Of the user, who acts in most steps. */
  accessToken: string
  refreshToken: string
  operatorToken: string
}

/** What a step needs to know of an answer. */
export interface Kept {
  readonly id: string
  readonly accessToken: string
  readonly refreshToken: string
}

export interface Step {
  readonly name: string
  readonly requests: (memory: Memory) => readonly Request[]
  /** The definite answer that it must get. */
  readonly status: number
  /** Another one that is right when the first answer was lost. */
  readonly orElse?: number
  /** The services store nothing of it, so a client cannot repeat it. */
  readonly isForgotten?: true
  /** Sent at the same moment: the requests after the first one share the next call. */
  readonly isAtOnce?: true
  readonly keep?: (memory: Memory, body: Kept) => void
}

const passwordOf = ({ tag }: Memory) => `the password of ${tag}`

/** Each repeat makes a session of its own. */
const signIn = (
  name: string,
  login: (memory: Memory) => Login,
  status: number,
  keep?: Step['keep'],
): Step => ({
  name,
  status,
  isForgotten: true,
  requests: (memory) => [{ method: 'POST', path: '/sessions', body: login(memory) }],
  ...(keep === undefined ? {} : { keep }),
})

const withSession = (name: string, what: string, status: number): Step => ({
  name,
  status,
  isForgotten: true,
  requests: ({ refreshToken }) => [
    { method: 'POST', path: `/sessions/${what}`, body: { refreshToken } },
  ],
})

const byOperator = (memory: Memory, requests: readonly Request[]): readonly Request[] =>
  requests.map((request) => ({ ...request, as: { token: memory.operatorToken } }))

const write = (
  memory: Memory,
  step: string,
  method: 'POST' | 'PATCH',
  path: string,
  body: unknown,
): readonly Request[] => [{ method, path, body, key: `${memory.tag}-${step.replaceAll(' ', '-')}` }]

const read = (path: string): Request => ({ method: 'GET', path })

const order = { paid: 300, raised: 450, lowered: 200 } as const
const deposit = 1_000
const tooMuch = 5_000
const atOnce = { orders: 4, price: 7 } as const
/** This must be the last step: after it the user could pay for what was refused before. */
const fortune = 20_000

const putOn = (name: string, amount: number): Step => ({
  name,
  status: 200,
  requests: (memory) =>
    write(memory, name, 'POST', `/billing/accounts/${memory.userId}/deposit`, { amount }),
})

const placeOrder = (name: string, price: number, status: number): Step => ({
  name,
  status,
  requests: (memory) =>
    write(memory, name, 'POST', '/orders', { userId: memory.userId, price, description: name }),
  ...(status === 201 ? { keep: (memory, { id }) => void (memory.orderId = id) } : {}),
})

const reprice = (name: string, price: number, status: number): Step => ({
  name,
  status,
  requests: (memory) => write(memory, name, 'PATCH', `/orders/${memory.orderId}`, { price }),
})

export const steps: readonly Step[] = [
  {
    name: 'create the user',
    status: 201,
    requests: (memory) =>
      write(memory, 'user', 'POST', '/users', {
        username: memory.tag,
        email: `${memory.tag}@example.com`,
        password: passwordOf(memory),
      }),
    keep: (memory, { id }) => void (memory.userId = id),
  },
  signIn(
    'sign in',
    (memory) => ({ username: memory.tag, password: passwordOf(memory) }),
    200,
    (memory, { accessToken, refreshToken }) => Object.assign(memory, { accessToken, refreshToken }),
  ),
  signIn('guess a password', ({ tag }) => ({ username: tag, password: 'a wrong guess' }), 401),
  signIn(
    'sign in as operator',
    ({ operator }) => operator,
    200,
    (memory, { accessToken }) => void (memory.operatorToken = accessToken),
  ),
  {
    // A refresh token serves once. When its answer was lost, the repeat ends the session.
    ...withSession('refresh the session', 'refresh', 200),
    orElse: 401,
    keep: (memory, { refreshToken }) => void (memory.refreshToken = refreshToken),
  },
  withSession('end the session', 'end', 204),
  putOn('deposit', deposit),
  placeOrder('order within means', order.paid, 201),
  placeOrder('order beyond means', tooMuch, 402),
  reprice('raise the price', order.raised, 200),
  reprice('leave the price', order.raised, 200),
  reprice('raise it too high', tooMuch, 402),
  reprice('lower the price', order.lowered, 200),
  {
    name: 'cancel',
    status: 200,
    requests: ({ orderId }) => [{ method: 'DELETE', path: `/orders/${orderId}` }],
  },
  {
    name: 'orders at once',
    status: 201,
    isAtOnce: true,
    requests: (memory) =>
      Array.from({ length: atOnce.orders }, (_, index) =>
        write(memory, `order ${index}`, 'POST', '/orders', {
          userId: memory.userId,
          price: atOnce.price,
        }),
      ).flat(),
  },
  putOn('deposit a fortune', fortune),
  {
    name: 'withdraw',
    status: 200,
    requests: (memory) =>
      write(memory, 'withdraw', 'POST', `/billing/accounts/${memory.userId}/withdraw`, {
        amount: 1,
      }),
  },
  {
    name: 'order of nobody',
    status: 404,
    // Others than an operator are told so before user is asked.
    requests: (memory) =>
      byOperator(
        memory,
        write(memory, 'order of nobody', 'POST', '/orders', { userId: memory.nobody, price: 5 }),
      ),
  },
  {
    name: 'order of nobody without a key',
    status: 404,
    isForgotten: true,
    requests: (memory) =>
      byOperator(memory, [
        { method: 'POST', path: '/orders', body: { userId: memory.nobody, price: 6 } },
      ]),
  },
  {
    name: 'read everything',
    status: 200,
    requests: (memory) => [
      read(`/users/${memory.userId}`),
      read(`/billing/accounts/${memory.userId}`),
      read(`/billing/accounts/${memory.userId}/operations`),
      read(`/orders/${memory.orderId}`),
      read(`/orders/${memory.orderId}/changes`),
      read(`/orders?userId=${memory.userId}`),
      read(`/notifications?userId=${memory.userId}`),
      ...byOperator(
        memory,
        servicesWithDatabase.map((service) => read(`/acts/${service}`)),
      ),
    ],
  },
]

const eachAtOnce = (entry: string) => Array.from({ length: atOnce.orders }, () => entry)

/** The end that the scenario must have: each entry exactly as often as it is listed here. */
export const outcome = {
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
