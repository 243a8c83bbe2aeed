/**
 * The only edges a saga may take, as data: `workflow.ts` walks them, the
 * database's triggers repeat them, and the state diagram is drawn from them.
 */
export const orderStatuses = ['PENDING', 'APPROVED', 'REJECTED', 'CANCELLED'] as const
export type OrderStatus = (typeof orderStatuses)[number]

export const changeStatuses = ['PENDING', 'DONE', 'REFUSED'] as const
export type ChangeStatus = (typeof changeStatuses)[number]

export interface Edge<Status> {
  readonly from: Status
  readonly to: Status
  readonly when: string
}

export const orderEdges: readonly Edge<OrderStatus>[] = [
  { from: 'PENDING', to: 'APPROVED', when: 'billing took the money' },
  { from: 'PENDING', to: 'REJECTED', when: 'billing refused, or there is no such user' },
  { from: 'APPROVED', to: 'CANCELLED', when: 'a cancelling change is done' },
]

export const changeEdges: readonly Edge<ChangeStatus>[] = [
  { from: 'PENDING', to: 'DONE', when: 'billing moved the difference' },
  { from: 'PENDING', to: 'REFUSED', when: 'billing refused the higher price' },
]
