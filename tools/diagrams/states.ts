import type { Edge } from '../../src/platform/base/states.ts'
import {
  bookingEdges,
  bookingStatuses,
  offerEdges,
  offerStatuses,
  type BookingStatus,
  type OfferStatus,
} from '../../src/services/booking/states.ts'
import {
  changeEdges,
  changeStatuses,
  orderEdges,
  orderStatuses,
  type ChangeStatus,
  type OrderStatus,
} from '../../src/services/order/states.ts'
import {
  accountEdges,
  accountStatuses,
  type AccountStatus,
} from '../../src/services/user/states.ts'

type Look = 'unknown' | 'done' | 'refused' | 'undone'

const looks: Readonly<Record<Look, string>> = {
  unknown: 'fill:#ebe4fb,stroke:#8250df,color:#1f2328',
  done: 'fill:#dff0e2,stroke:#2ea043,color:#1f2328',
  refused: 'fill:#f9e3d6,stroke:#db6d28,color:#1f2328',
  undone: 'fill:#f6f8fa,stroke:#59636e,color:#1f2328',
}

const orderLooks: Readonly<Record<OrderStatus, Look>> = {
  PENDING: 'unknown',
  APPROVED: 'done',
  REJECTED: 'refused',
  CANCELLED: 'undone',
}

const changeLooks: Readonly<Record<ChangeStatus, Look>> = {
  PENDING: 'unknown',
  DONE: 'done',
  REFUSED: 'refused',
}

const accountLooks: Readonly<Record<AccountStatus, Look>> = {
  PENDING: 'unknown',
  OPEN: 'done',
  REFUSED: 'refused',
}

const offerLooks: Readonly<Record<OfferStatus, Look>> = {
  OPEN: 'undone',
  RESERVED: 'unknown',
  PAID: 'done',
  COMPLETED: 'done',
  CANCELLED: 'refused',
}

const bookingLooks: Readonly<Record<BookingStatus, Look>> = {
  PENDING: 'unknown',
  PAID: 'done',
  REFUSED: 'refused',
  RELEASING: 'unknown',
  RELEASED: 'undone',
  CANCELLING: 'unknown',
  CANCELLED: 'undone',
  COMPLETED: 'done',
}

interface Machine<Status extends string> {
  readonly title: string
  readonly statuses: readonly Status[]
  readonly edges: readonly Edge<Status>[]
  readonly lookOf: Readonly<Record<Status, Look>>
  /** From left to right, if it is not said: that is too wide for many states. */
  readonly direction?: 'LR' | 'TB'
}

const stateDiagram = <Status extends string>(machine: Machine<Status>): string => {
  const { title, statuses, edges, lookOf, direction = 'LR' } = machine
  // What may come back to its first status still begins there.
  const first = statuses.filter(
    (status, index) => index === 0 || !edges.some(({ to }) => to === status),
  )
  const last = statuses.filter((status) => !edges.some(({ from }) => from === status))
  const lines = [
    'stateDiagram-v2',
    `    accTitle: ${title}`,
    `    direction ${direction}`,
    ...first.map((status) => `    [*] --> ${status}`),
    ...edges.map(({ from, to, when }) => `    ${from} --> ${to}: ${when}`),
    ...last.map((status) => `    ${status} --> [*]`),
    ...Object.entries(looks).map(([name, look]) => `    classDef ${name} ${look}`),
    ...statuses.map((status) => `    class ${status} ${lookOf[status]}`),
  ]
  return `${lines.join('\n')}\n`
}

export const orderStatesText = (): string =>
  stateDiagram({
    title: 'What may become of an order',
    statuses: orderStatuses,
    edges: orderEdges,
    lookOf: orderLooks,
  })

export const changeStatesText = (): string =>
  stateDiagram({
    title: 'What may become of a change (re-pricing or cancelling) of an approved order',
    statuses: changeStatuses,
    edges: changeEdges,
    lookOf: changeLooks,
  })

export const accountStatesText = (): string =>
  stateDiagram({
    title: 'What may become of the account of a user',
    statuses: accountStatuses,
    edges: accountEdges,
    lookOf: accountLooks,
  })

export const offerStatesText = (): string =>
  stateDiagram({
    title: 'What may become of an offer',
    statuses: offerStatuses,
    edges: offerEdges,
    lookOf: offerLooks,
    direction: 'TB',
  })

export const bookingStatesText = (): string =>
  stateDiagram({
    title: 'What may become of a booking',
    statuses: bookingStatuses,
    edges: bookingEdges,
    lookOf: bookingLooks,
    direction: 'TB',
  })
