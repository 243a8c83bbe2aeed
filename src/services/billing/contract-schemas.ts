import { z } from '@hono/zod-openapi'
import { problemExample } from '../../platform/http/problem-examples.ts'
import { problemSchema } from '../../platform/http/problem-schemas.ts'
import {
  amountSchema,
  balanceSchema,
  idSchema,
  textSchema,
  timeSchema,
} from '../../platform/http/schemas.ts'
import { operationKinds, operationStatuses } from './states.ts'

/** The bodies of billing's answers about accounts and operations. */

export const exampleUserId = '019aa0b6-50f3-7a00-8b3d-1c2d3e4f5061'

const exampleAccount = {
  userId: exampleUserId,
  email: 'masha@example.com',
  balance: 85_000,
  createdAt: '2026-11-20T09:29:00.000Z',
}

export const accountSchema = z
  .strictObject({
    userId: idSchema('the user whose account it is'),
    email: z.string().openapi({ description: 'Where letters go', example: 'masha@example.com' }),
    balance: balanceSchema,
    createdAt: timeSchema,
  })
  .openapi('Account', {
    description: 'An account; in the answer to an operation, as it was right after it',
    example: exampleAccount,
  })

export const exampleOperation = {
  id: '019aa0b6-5201-7b00-9d11-3e4f50617283',
  userId: exampleUserId,
  kind: 'DEPOSIT' as const,
  amount: 100_000,
  status: 'DONE' as const,
  reason: null,
  balanceAfter: 100_000,
  orderId: null,
  createdAt: '2026-11-20T09:29:30.000Z',
}

export const operationSchema = z
  .strictObject({
    id: idSchema('the operation'),
    userId: idSchema('the user whose account it is'),
    kind: z.enum(operationKinds).openapi({ description: 'What was asked for' }),
    amount: amountSchema,
    status: z
      .enum(operationStatuses)
      .openapi({ description: 'A refused operation moved nothing, and never will' }),
    reason: z.string().nullable().openapi({ description: 'Why it was refused', example: null }),
    balanceAfter: balanceSchema
      .nullable()
      .openapi({ description: 'The balance right after it; null if there was no account' }),
    orderId: idSchema('the order or booking that it belongs to')
      .nullable()
      .openapi({ description: 'The order that it paid, re-priced or cancelled; else null' }),
    createdAt: timeSchema,
  })
  .openapi('Operation', { description: 'One entry of the ledger', example: exampleOperation })

export const operationResultSchema = z
  .strictObject({ operation: operationSchema, account: accountSchema })
  .openapi('OperationResult')

export const referenceSchema = textSchema(100).optional().openapi({
  description:
    'Key of an earlier withdrawal that this one adds to: refunds of that one may then cover both',
})

export const finalSchema = z.boolean().optional().openapi({
  description:
    'What a missing account means. `true`: the refusal is kept under the key, and this withdrawal never happens. Otherwise the account may still be opened: nothing is kept, and the caller asks again.',
  example: false,
})

export const exampleWithdrawal = {
  operation: {
    ...exampleOperation,
    kind: 'WITHDRAW' as const,
    amount: 15_000,
    balanceAfter: 85_000,
  },
  account: exampleAccount,
}

export const exampleRefusal = {
  ...problemExample('insufficient-funds'),
  operation: {
    ...exampleOperation,
    kind: 'WITHDRAW' as const,
    amount: 15_000,
    status: 'REFUSED' as const,
    reason: 'insufficient-funds',
    balanceAfter: 5_000,
  },
  account: { ...exampleAccount, balance: 5_000 },
}

export const refusedOperationSchema = z
  .strictObject({ ...problemSchema.shape, operation: operationSchema, account: accountSchema })
  .openapi('RefusedOperation', {
    description: 'Why the money was not moved, with the stored refusal and the account',
    example: exampleRefusal,
  })

export type Account = z.infer<typeof accountSchema>
export type Operation = z.infer<typeof operationSchema>
