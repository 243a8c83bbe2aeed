import type { Request } from '../../lab/actors.ts'

/**
 * What every run does, for its own user: each kind of write with its good and its bad ending, then
 * every read. Keys and amounts are fixed, so the outcome is fixed, whatever faults strike.
 */
export interface Memory {
  /** Each run has a different one. */
  readonly tag: string
  /** An id that is no user. */
  readonly nobody: string
  userId: string
  orderId: string
}

export interface Step {
  readonly name: string
  readonly requests: (memory: Memory) => readonly Request[]
  /** The definite answer that it must get. */
  readonly status: number
  /** The services store nothing of it, so a client cannot repeat it. */
  readonly isForgotten?: true
  /** Sent at the same moment: the requests after the first one share the next call. */
  readonly isAtOnce?: true
  readonly keep?: (memory: Memory, body: { readonly id: string }) => void
}

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
      }),
    keep: (memory, { id }) => void (memory.userId = id),
  },
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
    requests: (memory) =>
      write(memory, 'order of nobody', 'POST', '/orders', { userId: memory.nobody, price: 5 }),
  },
  {
    name: 'order of nobody without a key',
    status: 404,
    isForgotten: true,
    requests: ({ nobody }) => [
      { method: 'POST', path: '/orders', body: { userId: nobody, price: 6 } },
    ],
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
