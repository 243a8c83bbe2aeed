import { createRoute, z } from '@hono/zod-openapi'
import type { ServiceContract } from '../../platform/contract.ts'
import {
  amountSchema,
  balanceSchema,
  bodyProblems,
  countedPageQuery,
  idSchema,
  idempotencyHeaders,
  jsonContent,
  pageSchema,
  problemContent,
  problemSchema,
  problems,
  replayedHeader,
  textSchema,
  timeSchema,
} from '../../platform/schemas.ts'

const userId = '019aa0b6-50f3-7a00-8b3d-1c2d3e4f5061'

export const accountSchema = z
  .strictObject({
    userId: idSchema('the user whose account it is'),
    email: z.string().openapi({ description: 'Where letters go', example: 'masha@example.com' }),
    balance: balanceSchema,
    createdAt: timeSchema,
  })
  .openapi('Account', {
    description: 'An account; in the answer to an operation, as it was right after it',
    example: {
      userId,
      email: 'masha@example.com',
      balance: 85_000,
      createdAt: '2026-11-20T09:29:00.000Z',
    },
  })

const exampleOperation = {
  id: '019aa0b6-5201-7b00-9d11-3e4f50617283',
  userId,
  kind: 'DEPOSIT' as const,
  amount: 100_000,
  status: 'DONE' as const,
  reason: null,
  balanceAfter: 100_000,
  createdAt: '2026-11-20T09:29:30.000Z',
}

export const operationSchema = z
  .strictObject({
    id: idSchema('the operation'),
    userId: idSchema('the user whose account it is'),
    kind: z.enum(['DEPOSIT', 'WITHDRAW', 'REFUND']).openapi({ description: 'What was asked for' }),
    amount: amountSchema,
    status: z
      .enum(['DONE', 'REFUSED'])
      .openapi({ description: 'A refused operation moved nothing, and never will' }),
    reason: z.string().nullable().openapi({ description: 'Why it was refused', example: null }),
    balanceAfter: balanceSchema
      .nullable()
      .openapi({ description: 'The balance right after it; null if there was no account' }),
    createdAt: timeSchema,
  })
  .openapi('Operation', { description: 'One entry of the ledger', example: exampleOperation })

const operationResultSchema = z
  .strictObject({ operation: operationSchema, account: accountSchema })
  .openapi('OperationResult')

const refusedOperationSchema = z
  .strictObject({ ...problemSchema.shape, operation: operationSchema, account: accountSchema })
  .openapi('RefusedOperation', {
    description: 'Why the money was not moved, with the stored refusal and the account',
    example: {
      type: 'urn:orderly:problem:insufficient-funds',
      title: 'There is not enough money on the account',
      status: 402,
      detail: 'The account holds 5000, which is less than 15000.',
      code: 'insufficient-funds',
      requestId: '019aa0b6-5200-7b00-9d11-3e4f50617280',
      operation: {
        ...exampleOperation,
        kind: 'WITHDRAW',
        amount: 15_000,
        status: 'REFUSED',
        reason: 'insufficient-funds',
        balanceAfter: 5_000,
      },
      account: {
        userId,
        email: 'masha@example.com',
        balance: 5_000,
        createdAt: '2026-11-20T09:29:00.000Z',
      },
    },
  })

const params = z.object({ userId: idSchema('the user') })

export const openAccountRoute = createRoute({
  method: 'post',
  path: '/billing/accounts',
  operationId: 'openAccount',
  tags: ['billing'],
  summary: 'Open a user’s account',
  description:
    'For the user service, not routed by the gateway. The user is the key: the second time answers 200 with the same account.',
  'x-internal': true,
  request: {
    body: {
      required: true,
      content: jsonContent(
        z
          .strictObject({
            userId: idSchema('the user'),
            email: z.email('must be an email address').max(254),
          })
          .openapi('NewAccount', { example: { userId, email: 'masha@example.com' } }),
      ),
    },
  },
  responses: {
    201: { description: 'Opened, with nothing on it', content: jsonContent(accountSchema) },
    200: { description: 'It was open already', content: jsonContent(accountSchema) },
    ...problems(...bodyProblems, 409),
  },
})

export const getAccountRoute = createRoute({
  method: 'get',
  path: '/billing/accounts/{userId}',
  operationId: 'getAccount',
  tags: ['billing'],
  summary: 'A user’s account',
  description: 'The balance as it is now.',
  request: { params },
  responses: {
    200: { description: 'The account', content: jsonContent(accountSchema) },
    ...problems(400, 404),
  },
})

export const depositRoute = createRoute({
  method: 'post',
  path: '/billing/accounts/{userId}/deposit',
  operationId: 'deposit',
  tags: ['billing'],
  summary: 'Put money on an account',
  description: 'A letter tells the user. Send an Idempotency-Key to be able to repeat it safely.',
  request: {
    params,
    headers: idempotencyHeaders,
    body: {
      required: true,
      content: jsonContent(
        z.strictObject({ amount: amountSchema }).openapi('NewDeposit', {
          example: { amount: 100_000 },
        }),
      ),
    },
  },
  responses: {
    200: {
      description: 'Done: the operation, and the account right after it',
      headers: replayedHeader,
      content: jsonContent(operationResultSchema),
    },
    ...problems(...bodyProblems, 404, 409, 422),
  },
})

export const withdrawRoute = createRoute({
  method: 'post',
  path: '/billing/accounts/{userId}/withdraw',
  operationId: 'withdraw',
  tags: ['billing'],
  summary: 'Take money off an account',
  description:
    'Answers 402 when there is not enough; that refusal is kept under the Idempotency-Key like a success would be.',
  request: {
    params,
    headers: idempotencyHeaders,
    body: {
      required: true,
      content: jsonContent(
        z
          .strictObject({
            amount: amountSchema,
            reference: textSchema(100).optional().openapi({
              description:
                'Key of an earlier withdrawal that this one adds to: refunds of that one may then cover both',
            }),
          })
          .openapi('NewWithdrawal', { example: { amount: 15_000 } }),
      ),
    },
  },
  responses: {
    200: {
      description: 'Done: the operation, and the account right after it',
      headers: replayedHeader,
      content: jsonContent(operationResultSchema),
    },
    402: {
      description: 'There is not enough on the account; nothing was moved',
      headers: replayedHeader,
      content: problemContent(refusedOperationSchema),
    },
    ...problems(...bodyProblems, 404, 409, 422),
  },
})

export const refundRoute = createRoute({
  method: 'post',
  path: '/billing/accounts/{userId}/refund',
  operationId: 'refund',
  tags: ['billing'],
  summary: 'Give back what a withdrawal took',
  description:
    'For the order service, not routed by the gateway. A refund that comes before its withdrawal moves nothing and stops that withdrawal for ever: the operation is then REFUSED with reason `nothing-withdrawn`.',
  'x-internal': true,
  request: {
    params,
    headers: idempotencyHeaders,
    body: {
      required: true,
      content: jsonContent(
        z
          .strictObject({
            withdrawal: textSchema(100).openapi({ description: 'Key of the withdrawal' }),
            amount: amountSchema,
          })
          .openapi('NewRefund', {
            example: { withdrawal: 'saga:019aa0b6-52a5-7c11-8f6e-2d3c4b5a6978', amount: 15_000 },
          }),
      ),
    },
  },
  responses: {
    200: {
      description: 'Nothing is withdrawn any more as far as this amount goes',
      headers: replayedHeader,
      content: jsonContent(operationResultSchema),
    },
    ...problems(...bodyProblems, 404, 409, 422),
  },
})

export const listOperationsRoute = createRoute({
  method: 'get',
  path: '/billing/accounts/{userId}/operations',
  operationId: 'listOperations',
  tags: ['billing'],
  summary: 'The statement of an account',
  description: 'What moved money, newest first, each with the balance after it.',
  request: { params, query: z.strictObject(countedPageQuery) },
  responses: {
    200: {
      description: 'A page of the statement',
      content: jsonContent(pageSchema(operationSchema, 'OperationPage')),
    },
    ...problems(400, 404),
  },
})

export type Account = z.infer<typeof accountSchema>
export type Operation = z.infer<typeof operationSchema>

export const contract: ServiceContract = {
  service: 'billing',
  title: 'orderly billing',
  description: 'Accounts and money: every operation happens once or never, and is kept for ever.',
  version: '1.0.0',
  routes: [
    openAccountRoute,
    getAccountRoute,
    depositRoute,
    withdrawRoute,
    refundRoute,
    listOperationsRoute,
  ],
}
