import type { Order, OrderDetails } from '../../src/services/order/contract.ts'
import type { User } from '../../src/services/user/contract.ts'
import { isTold, type Evidence, type ToldExchange, type Violation } from './evidence.ts'

/** Invariant 8: every client, at every moment, saw states change along the allowed edges only. */

/** A second copy on purpose: it must not change when the code's own table changes. */
const reachable: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  order: {
    PENDING: ['PENDING', 'APPROVED', 'REJECTED', 'CANCELLED'],
    APPROVED: ['APPROVED', 'CANCELLED'],
    REJECTED: ['REJECTED'],
    CANCELLED: ['CANCELLED'],
  },
  change: { PENDING: ['PENDING', 'DONE', 'REFUSED'], DONE: ['DONE'], REFUSED: ['REFUSED'] },
  account: { PENDING: ['PENDING', 'OPEN'], OPEN: ['OPEN'] },
}

interface Sighting {
  readonly kind: 'order' | 'change' | 'account'
  readonly id: string
  readonly status: string
  readonly sentMs: number
  readonly answeredMs: number
}

const sightingsOfOrder = (
  order: Order | OrderDetails,
): Pick<Sighting, 'kind' | 'id' | 'status'>[] => [
  { kind: 'order', id: order.id, status: order.status },
  ...('changes' in order ? order.changes : []).map(({ id, status }) => ({
    kind: 'change' as const,
    id,
    status,
  })),
]

/** Returns the states that an answer shows. Repeats are left out: they show the past on purpose. */
const sightingsIn = ({ method, path, answer }: ToldExchange) => {
  const { status, body, replayed } = answer
  if (method === 'GET' && status === 200) {
    if (path.startsWith('/orders/')) return sightingsOfOrder(body as OrderDetails)
    if (path.startsWith('/orders?'))
      return (body as { items: Order[] }).items.flatMap(sightingsOfOrder)
    if (path.startsWith('/users/')) {
      const { id, account } = body as User
      return [{ kind: 'account' as const, id, status: account }]
    }
  }
  if (method === 'POST' && path === '/orders' && !replayed) {
    if (status === 201) return sightingsOfOrder(body as Order)
    const { order } = body as { order?: Order }
    if (order !== undefined) return sightingsOfOrder(order)
  }
  if (method === 'DELETE' && status === 200) return sightingsOfOrder(body as Order)
  return []
}

const brokenEdge = (sightings: readonly Sighting[]): Violation[] => {
  const byAnswer = sightings.toSorted((one, other) => one.answeredMs - other.answeredMs)
  const bySending = sightings.toSorted((one, other) => one.sentMs - other.sentMs)
  const seen = new Set<string>()
  let next = 0
  for (const { kind, id, status, sentMs } of bySending) {
    // Only an answer that came before this request was sent is certainly older.
    while (next < byAnswer.length && byAnswer[next]!.answeredMs < sentMs) {
      seen.add(byAnswer[next]!.status)
      next += 1
    }
    for (const earlier of seen) {
      if (reachable[kind]?.[earlier]?.includes(status)) continue
      const message = `${kind} ${id} was seen ${earlier}, and after that ${status}`
      return [{ invariant: 8, about: [id], message }]
    }
  }
  return []
}

export const edgeViolations = ({ facts, exchanges }: Evidence): Violation[] => {
  const sightings: Sighting[] = exchanges.filter(isTold).flatMap((exchange) =>
    sightingsIn(exchange).map((sighting) => ({
      ...sighting,
      sentMs: exchange.sentMs,
      answeredMs: exchange.answeredMs,
    })),
  )
  for (const { orders } of facts.users) {
    for (const sighting of orders.flatMap(sightingsOfOrder)) {
      sightings.push({ ...sighting, sentMs: Infinity, answeredMs: Infinity })
    }
  }
  const byThing = Map.groupBy(sightings, ({ kind, id }) => `${kind} ${id}`)
  return [...byThing.values()].flatMap(brokenEdge)
}
