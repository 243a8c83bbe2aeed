import type { History } from '../../judge/history.ts'
import type { Actor, Request } from '../../lab/actors.ts'
import type { Random } from '../../lab/random.ts'

/** What each client of a storm works with. They share users, orders and offers, and so disturb each other. */
export interface OfferKnown {
  readonly id: string
  readonly managerId: string
}

export interface BookingKnown {
  readonly id: string
  readonly customerId: string
  readonly offer: OfferKnown
}

export interface CompanyKnown {
  readonly id: string
  readonly managerId: string
}

export interface Shared {
  readonly users: string[]
  readonly orders: string[]
  readonly companies: CompanyKnown[]
  readonly offers: OfferKnown[]
  readonly bookings: BookingKnown[]
}

export interface Client {
  readonly random: Random
  readonly shared: Shared
  readonly history: History
  /** In most cases the one that waits long. */
  readonly actor: () => Actor
}

export type Act = () => Promise<unknown>
export type WeightedAct = readonly [weight: number, act: Act]

/** Clients do not touch old things again, because races happen on new ones. */
const recentCount = 12

export const recent = <Item>(items: readonly Item[]): readonly Item[] => items.slice(-recentCount)

/** Two requests rarely get the same amount, so the amount of an operation shows its request. */
export const drawAmount = (random: Random) => random.between(1_001, 900_000)

export const send = async <Body>({ actor, random }: Client, request: Request) => {
  // The same request twice at the same moment, as after a double click or a careless retry.
  if (!random.chance(0.1)) return actor().decided<Body>(request)
  const [one] = await Promise.all([actor().decided<Body>(request), actor().decided<Body>(request)])
  return one
}
