import { z } from '@hono/zod-openapi'
import { defineRoute, type ServiceContract } from '../../platform/http/contract.ts'
import {
  bodyProblems,
  problemContent,
  problemSchema,
  problems,
} from '../../platform/http/problem-schemas.ts'
import {
  amountSchema,
  answersSchema,
  countedPageQuery,
  emailSchema,
  idSchema,
  idempotencyHeaders,
  jsonContent,
  keySchema,
  pageSchema,
  replayedHeader,
  requestIdSchema,
  textSchema,
  together,
} from '../../platform/http/schemas.ts'
import { getBooksRoute } from './contract-books.ts'
import {
  listActsRoute,
  listOwedRoute,
  retryOwedRoute,
  searchBillingRoute,
} from './contract-operators.ts'
import {
  accountSchema,
  exampleRefusal,
  exampleUserId,
  exampleWithdrawal,
  finalSchema,
  operationResultSchema,
  operationSchema,
  referenceSchema,
  refusedOperationSchema,
} from './contract-schemas.ts'

const accountProblems = ['account-not-found', 'not-found'] as const

const params = z.object({ userId: idSchema('the user') })

export const openAccountRoute = defineRoute({
  method: 'post',
  path: '/billing/accounts',
  operationId: 'openAccount',
  tags: ['billing'],
  access: { services: ['user'] },
  summary: 'Open a user’s account',
  description:
    'For the user service, not routed by the gateway. The user is the key: the second time answers 200 with the same account.',
  request: {
    body: {
      required: true,
      content: jsonContent(
        z
          .strictObject({
            userId: idSchema('the user'),
            email: emailSchema,
          })
          .openapi('NewAccount', {
            example: { userId: exampleUserId, email: 'masha@example.com' },
          }),
      ),
    },
  },
  responses: {
    201: { description: 'Opened, with nothing on it', content: jsonContent(accountSchema) },
    200: { description: 'It was open already', content: jsonContent(accountSchema) },
    ...problems(...bodyProblems, 'account-differs'),
  },
})

export const getAccountRoute = defineRoute({
  method: 'get',
  path: '/billing/accounts/{userId}',
  operationId: 'getAccount',
  tags: ['billing'],
  access: 'person',
  summary: 'A user’s account',
  description:
    'The balance as it is now. An account of somebody else is answered as one that does not exist.',
  request: { params },
  responses: {
    200: { description: 'The account', content: jsonContent(accountSchema) },
    ...problems(...accountProblems),
  },
})

export const depositRoute = defineRoute({
  method: 'post',
  path: '/billing/accounts/{userId}/deposit',
  operationId: 'deposit',
  tags: ['billing'],
  access: 'person',
  summary: 'Put money on an account',
  description:
    'A letter tells the user. Send an Idempotency-Key to be able to repeat it safely. Who may do it is a setting: by default the owner of the account, in a bank (`DEPOSITS_BY=teller`) those with the role `teller`; then the owner is answered 403. Operators always may.',
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
    ...problems(
      ...bodyProblems,
      ...accountProblems,
      'forbidden',
      'balance-limit',
      'idempotency-key-reused',
    ),
  },
})

export const withdrawRoute = defineRoute({
  method: 'post',
  path: '/billing/accounts/{userId}/withdraw',
  operationId: 'withdraw',
  tags: ['billing'],
  access: 'person',
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
          .strictObject({ amount: amountSchema })
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
      content: problemContent(refusedOperationSchema, {
        'insufficient-funds': { value: exampleRefusal },
      }),
    },
    ...problems(
      ...bodyProblems,
      ...accountProblems,
      'withdrawal-refunded',
      'idempotency-key-reused',
    ),
  },
})

export const withdrawManyRoute = defineRoute({
  method: 'post',
  path: '/billing/withdrawals',
  operationId: 'withdrawMany',
  tags: ['billing'],
  access: { services: ['order', 'booking'] },
  summary: 'Take money off accounts, many at once',
  description:
    'For the order service, not routed by the gateway: withdrawals that were asked for at the same moment share one request. Each is done and answered, in its place, as if it had come alone; what becomes of one means nothing for the others.',
  request: {
    body: {
      required: true,
      content: jsonContent(
        z
          .strictObject({
            withdrawals: together(
              z.strictObject({
                userId: idSchema('the user'),
                key: keySchema,
                amount: amountSchema,
                reference: referenceSchema,
                final: finalSchema,
                requestId: requestIdSchema,
              }),
            ),
          })
          .openapi('NewWithdrawals', {
            example: {
              withdrawals: [
                {
                  userId: exampleUserId,
                  key: 'saga:019aa0b6-52a5-7c11-8f6e-2d3c4b5a6978',
                  amount: 15_000,
                  requestId: '019aa0b6-5200-7b00-9d11-3e4f50617280',
                },
              ],
            },
          }),
      ),
    },
  },
  responses: {
    200: {
      description: 'An answer for each, in their order: 200, 402, 404, 409, 422, 503 or 504',
      content: jsonContent(
        answersSchema(
          z.union([operationResultSchema, refusedOperationSchema, problemSchema]),
        ).openapi('WithdrawalAnswers', {
          example: { answers: [{ status: 200, body: exampleWithdrawal }] },
        }),
      ),
    },
    ...problems(...bodyProblems),
  },
})

export const refundRoute = defineRoute({
  method: 'post',
  path: '/billing/accounts/{userId}/refund',
  operationId: 'refund',
  tags: ['billing'],
  access: { services: ['order', 'booking'] },
  summary: 'Give back what a withdrawal took',
  description:
    'For the order service, not routed by the gateway. A refund that comes before its withdrawal moves nothing and stops that withdrawal for ever: the operation is then REFUSED with reason `nothing-withdrawn`.',
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
    ...problems(
      ...bodyProblems,
      ...accountProblems,
      'balance-limit',
      'refund-exceeds-withdrawal',
      'idempotency-key-reused',
    ),
  },
})

export const listOperationsRoute = defineRoute({
  method: 'get',
  path: '/billing/accounts/{userId}/operations',
  operationId: 'listOperations',
  tags: ['billing'],
  access: 'person',
  summary: 'The statement of an account',
  description: 'What moved money, newest first, each with the balance after it.',
  request: { params, query: z.strictObject(countedPageQuery) },
  responses: {
    200: {
      description: 'A page of the statement',
      content: jsonContent(pageSchema(operationSchema, 'OperationPage')),
    },
    ...problems(...accountProblems),
  },
})

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
    withdrawManyRoute,
    refundRoute,
    listOperationsRoute,
    getBooksRoute,
    listActsRoute,
    searchBillingRoute,
    listOwedRoute,
    retryOwedRoute,
  ],
}
