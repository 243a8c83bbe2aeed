import type { Edge } from '../../platform/base/states.ts'

/**
 * The only states and edges a saga may take, as data: `workflow.ts` walks them, the
 * database's checks and triggers repeat them, and the state diagram is drawn from them.
 */
export const orderStatuses = ['PENDING', 'APPROVED', 'REJECTED', 'CANCELLED'] as const
export type OrderStatus = (typeof orderStatuses)[number]

/** What is decided of an order at first. */
export const orderDecisions = ['APPROVED', 'REJECTED'] as const

export const changeKinds = ['REPRICE', 'CANCEL'] as const
export const changeStatuses = ['PENDING', 'DONE', 'REFUSED'] as const
export type ChangeStatus = (typeof changeStatuses)[number]

/** Why an order or a change was refused: what billing stores under the key, or nobody is there. */
export const refusalReasons = [
  'insufficient-funds',
  'balance-limit',
  'refund-exceeds-withdrawal',
  'withdrawal-refunded',
  'user-not-found',
  // Stored before user was asked, and never since: the answers of those orders stay as they were.
  'account-not-found',
] as const
export type RefusalReason = (typeof refusalReasons)[number]

export const orderEdges: readonly Edge<OrderStatus>[] = [
  { from: 'PENDING', to: 'APPROVED', when: 'billing took the money' },
  { from: 'PENDING', to: 'REJECTED', when: 'billing refused, or there is no such user' },
  { from: 'APPROVED', to: 'CANCELLED', when: 'a cancelling change is done' },
]

export const changeEdges: readonly Edge<ChangeStatus>[] = [
  { from: 'PENDING', to: 'DONE', when: 'billing moved the difference' },
  { from: 'PENDING', to: 'REFUSED', when: 'billing refused the higher price' },
]
