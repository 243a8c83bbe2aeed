import { z } from '@hono/zod-openapi'
import { problemExample } from '../../platform/http/problem-examples.ts'
import { problemSchema } from '../../platform/http/problem-schemas.ts'
import { amountSchema, idSchema, timeSchema } from '../../platform/http/schemas.ts'
import { owesSchema, timelineSchema } from '../../platform/http/timeline.ts'
import { changeKinds, changeStatuses, orderStatuses } from './states.ts'

/** The bodies of order's answers about orders and their changes. */

export const exampleOrder = {
  id: '019aa0b6-52a5-7c11-8f6e-2d3c4b5a6978',
  userId: '019aa0b6-50f3-7a00-8b3d-1c2d3e4f5061',
  price: 15_000,
  description: 'Two tickets',
  status: 'APPROVED' as const,
  reason: null,
  createdAt: '2026-11-20T09:30:00.000Z',
}

const orderFields = {
  id: idSchema('the order'),
  userId: idSchema('the user who ordered'),
  price: amountSchema,
  description: z.string().nullable(),
  status: z.enum(orderStatuses).openapi({
    description: 'PENDING while billing has not answered: it is decided by itself',
  }),
  reason: z.string().nullable().openapi({ description: 'Why it was rejected', example: null }),
  createdAt: timeSchema,
}

export const orderSchema = z
  .strictObject(orderFields)
  .openapi('Order', { description: 'An order', example: exampleOrder })

export const changeSchema = z
  .strictObject({
    id: idSchema('the change'),
    kind: z.enum(changeKinds),
    fromPrice: amountSchema,
    toPrice: amountSchema.nullable().openapi({ description: 'Null for a cancellation' }),
    status: z.enum(changeStatuses),
    createdAt: timeSchema,
    timeline: timelineSchema,
    owes: owesSchema,
  })
  .openapi('OrderChange', {
    example: {
      id: '019aa0b6-5e00-7c22-8f6e-2d3c4b5a6979',
      kind: 'REPRICE',
      fromPrice: 15_000,
      toPrice: 17_500,
      status: 'DONE',
      createdAt: '2026-11-20T09:30:03.000Z',
      timeline: [
        {
          at: '2026-11-20T09:30:03.005Z',
          step: 'settle-difference',
          attempt: 1,
          outcome: 'done',
          ms: 4,
        },
      ],
      owes: false,
    },
  })

const timelineExample = [
  { at: '2026-11-20T09:30:00.006Z', step: 'withdraw', attempt: 1, outcome: 'done', ms: 4 },
  { at: '2026-11-20T09:30:00.009Z', step: 'letter', attempt: 1, outcome: 'done', ms: 2 },
]

export const orderDetailsSchema = z
  .strictObject({
    ...orderFields,
    timeline: timelineSchema,
    owes: owesSchema,
    changes: z.array(changeSchema).openapi({ description: 'The newest first, up to 100' }),
    nextChanges: z.string().nullable().openapi({
      description:
        '`cursor` of the older changes at `/orders/{orderId}/changes`, null when all are here',
      example: null,
    }),
  })
  .openapi('OrderDetails', {
    description: 'An order with what happened to it: steps, attempts, changes',
    example: {
      ...exampleOrder,
      timeline: timelineExample,
      owes: false,
      changes: [],
      nextChanges: null,
    },
  })

export const exampleRefusal = {
  ...problemExample('insufficient-funds'),
  detail: 'The account does not hold enough for this; nothing was taken.',
  order: { ...exampleOrder, status: 'REJECTED' as const, reason: 'insufficient-funds' },
}

export const refusedOrderSchema = z
  .strictObject({ ...problemSchema.shape, order: orderSchema })
  .openapi('RefusedOrder', {
    description: 'Why it was not paid, with the order',
    example: exampleRefusal,
  })

export const exampleNobody = {
  ...problemExample('user-not-found'),
  detail: 'There is no such user; nothing was taken.',
  order: { ...exampleOrder, status: 'REJECTED' as const, reason: 'user-not-found' },
}

export const nobodysOrderSchema = z
  .strictObject({ ...problemSchema.shape, order: orderSchema.optional() })
  .openapi('NobodysOrder', {
    description: 'There is no such user; with a key, the order that is kept under it',
    example: exampleNobody,
  })
