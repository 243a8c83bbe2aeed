/**
 * What an operation can be, as lists: types, contract and answers are made of
 * them, and the database's checks repeat them.
 */
export const operationKinds = ['DEPOSIT', 'WITHDRAW', 'REFUND'] as const
export type OperationKind = (typeof operationKinds)[number]

/** An operation is written once, with its last status: there are no edges between them. */
export const operationStatuses = ['DONE', 'REFUSED'] as const

/** Why an operation is told as refused. */
export const refusalReasons = [
  'account-not-found',
  'insufficient-funds',
  'balance-limit',
  'refund-exceeds-withdrawal',
  'withdrawal-refunded',
] as const
export type RefusalReason = (typeof refusalReasons)[number]

/** A refund that found nothing to give back is stored as refused, and told as done. */
export const operationReasons = [...refusalReasons, 'nothing-withdrawn'] as const
