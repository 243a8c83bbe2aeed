import { z } from '@hono/zod-openapi'
import { actsRoute } from '../../platform/http/acts-contract.ts'
import { searchRoute } from '../../platform/http/search-contract.ts'
import { owedRoute, retryRoute } from '../../platform/http/owed-contract.ts'
import { defineRoute, type ServiceContract } from '../../platform/http/contract.ts'
import { problemExample } from '../../platform/http/problem-examples.ts'
import { bodyProblems, problemContent, problems } from '../../platform/http/problem-schemas.ts'
import {
  amountSchema,
  idSchema,
  idempotencyHeaders,
  jsonContent,
  locationHeader,
  pageQuery,
  pageSchema,
  pendingHeaders,
  replayedHeader,
  textSchema,
} from '../../platform/http/schemas.ts'
import {
  changeSchema,
  exampleNobody,
  exampleOrder,
  exampleRefusal,
  nobodysOrderSchema,
  orderDetailsSchema,
  orderSchema,
  refusedOrderSchema,
} from './contract-schemas.ts'

const params = z.object({ orderId: idSchema('the order') })

export const placeOrderRoute = defineRoute({
  method: 'post',
  path: '/orders',
  operationId: 'placeOrder',
  tags: ['order'],
  access: 'person',
  summary: 'Place an order and pay for it',
  description:
    'Takes the price from the user’s account, then sends a letter: of joy when it was paid, of sorrow when it was not. When billing does not answer in time, or the user’s account is not open yet, the order is PENDING and is decided by itself.',
  request: {
    headers: idempotencyHeaders,
    body: {
      required: true,
      content: jsonContent(
        z
          .strictObject({
            userId: idSchema('the user who orders; you, if it is left out').optional(),
            price: amountSchema,
            description: textSchema(500).optional(),
          })
          .openapi('NewOrder', {
            example: { price: 15_000, description: 'Two tickets' },
          }),
      ),
    },
  },
  responses: {
    201: {
      description: 'Paid: the order is APPROVED',
      headers: { ...locationHeader('orders'), ...replayedHeader },
      content: jsonContent(orderSchema),
    },
    202: {
      description: 'Not decided yet: look again at `Location` after `Retry-After`',
      headers: pendingHeaders('orders'),
      content: jsonContent(orderSchema),
    },
    402: {
      description: 'Not paid: the order is REJECTED, the balance is as it was',
      headers: { ...locationHeader('orders'), ...replayedHeader },
      content: problemContent(refusedOrderSchema, {
        'insufficient-funds': { value: exampleRefusal },
      }),
    },
    404: {
      description:
        'There is no such user, or it is not you: nothing is kept. If the user is you, or you are an operator, an Idempotency-Key keeps the order as REJECTED, and it is told with its `Location`',
      headers: { ...locationHeader('orders'), ...replayedHeader },
      content: problemContent(nobodysOrderSchema, {
        'user-not-found': { value: exampleNobody },
        // For orders that were refused before user was called.
        'account-not-found': { value: problemExample('account-not-found') },
      }),
    },
    ...problems(...bodyProblems, 'idempotency-key-reused'),
  },
})

export const getOrderRoute = defineRoute({
  method: 'get',
  path: '/orders/{orderId}',
  operationId: 'getOrder',
  tags: ['order'],
  access: 'person',
  summary: 'An order with its timeline',
  description:
    'The order as it is now, each step that was taken, and its changes. An order of somebody else is answered as one that does not exist.',
  request: { params },
  responses: {
    200: { description: 'The order', content: jsonContent(orderDetailsSchema) },
    ...problems('order-not-found', 'not-found'),
  },
})

export const listChangesRoute = defineRoute({
  method: 'get',
  path: '/orders/{orderId}/changes',
  operationId: 'listOrderChanges',
  tags: ['order'],
  access: 'person',
  summary: 'What was done to an order',
  description: 'Re-pricings and the cancellation, newest first.',
  request: { params, query: z.strictObject(pageQuery) },
  responses: {
    200: {
      description: 'A page of changes',
      content: jsonContent(pageSchema(changeSchema, 'OrderChangePage')),
    },
    ...problems('not-found', 'order-not-found'),
  },
})

export const listOrdersRoute = defineRoute({
  method: 'get',
  path: '/orders',
  operationId: 'listOrders',
  tags: ['order'],
  access: 'person',
  summary: 'A user’s orders',
  description:
    'Newest first. Without `userId` yours, and for an operator everybody’s. Nobody else sees orders that are not theirs: the list of another user is empty.',
  request: {
    query: z.strictObject({
      userId: idSchema('the user; you, if it is left out').optional(),
      ...pageQuery,
    }),
  },
  responses: {
    200: {
      description: 'A page of orders',
      content: jsonContent(pageSchema(orderSchema, 'OrderPage')),
    },
    ...problems(),
  },
})

/** Why a change cannot be opened, and why billing refuses it. */
const changeProblems = [
  'order-not-found',
  'account-not-found',
  'not-found',
  'order-undecided',
  'order-not-approved',
  'change-in-progress',
  'balance-limit',
  'refund-exceeds-withdrawal',
  'withdrawal-refunded',
] as const

const changeResponses = {
  200: {
    description: 'Done: the order with this change',
    headers: replayedHeader,
    content: jsonContent(orderSchema),
  },
  202: {
    description: 'Billing did not answer in time: the change is finished by itself',
    headers: pendingHeaders('orders'),
    content: jsonContent(orderSchema),
  },
}

export const repriceOrderRoute = defineRoute({
  method: 'patch',
  path: '/orders/{orderId}',
  operationId: 'repriceOrder',
  tags: ['order'],
  access: 'person',
  summary: 'Change the price of an approved order',
  description:
    'The difference is charged or refunded. When the account does not hold it, 402 leaves the order as it was.',
  request: {
    params,
    headers: idempotencyHeaders,
    body: {
      required: true,
      content: jsonContent(
        z.strictObject({ price: amountSchema }).openapi('NewPrice', { example: { price: 20_000 } }),
      ),
    },
  },
  responses: {
    ...changeResponses,
    402: {
      description: 'The account does not hold the difference: the order is as it was',
      headers: replayedHeader,
      content: problemContent(refusedOrderSchema, {
        'insufficient-funds': { value: { ...exampleRefusal, order: exampleOrder } },
      }),
    },
    ...problems(...bodyProblems, ...changeProblems, 'idempotency-key-reused'),
  },
})

export const cancelOrderRoute = defineRoute({
  method: 'delete',
  path: '/orders/{orderId}',
  operationId: 'cancelOrder',
  tags: ['order'],
  access: 'person',
  summary: 'Cancel an approved order',
  description:
    'Gives the money back in full and sends a letter. A repeat answers the same as the first time.',
  request: { params },
  responses: { ...changeResponses, ...problems(...changeProblems, 'outcome-unknown') },
})

export const listActsRoute = actsRoute('order')
export const searchOrderRoute = searchRoute(
  'order',
  'By the id of an order or a change, an Idempotency-Key, or the id of a request.',
)
export const listOwedRoute = owedRoute('order')
export const retryOwedRoute = retryRoute('order')

export type Order = z.infer<typeof orderSchema>
export type OrderChange = z.infer<typeof changeSchema>
export type OrderDetails = z.infer<typeof orderDetailsSchema>

export const contract: ServiceContract = {
  service: 'order',
  title: 'orderly order',
  description: 'Orders: paid once or never, then a letter; changed and cancelled as safely.',
  version: '1.0.0',
  routes: [
    placeOrderRoute,
    listOrdersRoute,
    getOrderRoute,
    listChangesRoute,
    repriceOrderRoute,
    cancelOrderRoute,
    listActsRoute,
    searchOrderRoute,
    listOwedRoute,
    retryOwedRoute,
  ],
}
