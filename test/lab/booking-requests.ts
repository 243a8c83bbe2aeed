import { newKey, type Actor, type Keyed, type Request } from './actors.ts'

/** The requests of companies and bookings, for `attempt`, `acknowledged` and `decided`. */

export const newCompany = (managerId: string, { key = newKey() }: Keyed = {}): Request => ({
  method: 'POST',
  path: '/companies',
  key,
  as: managerId,
  body: { name: `Company of ${managerId}` },
})

/** A time that a company offers, and who acts for it. */
export interface NewOffer {
  readonly managerId: string
  readonly companyId: string
  readonly categoryId: string
  readonly price: number
  readonly startsMs: number
  readonly resource?: string
}

export const hourMs = 3_600_000

export const newOffer = (
  { managerId, startsMs, ...offer }: NewOffer,
  { key = newKey() }: Keyed = {},
): Request => ({
  method: 'POST',
  path: '/offers',
  key,
  as: managerId,
  body: {
    ...offer,
    title: `For ${offer.price}`,
    startsAt: new Date(startsMs).toISOString(),
    endsAt: new Date(startsMs + hourMs).toISOString(),
  },
})

export const book = (
  customerId: string,
  offerId: string,
  { key = newKey() }: Keyed = {},
): Request => ({ method: 'POST', path: '/bookings', key, as: customerId, body: { offerId } })

/** Needs no key: a booking can be cancelled only once. */
export const cancelBooking = (customerId: string, bookingId: string): Request => ({
  method: 'DELETE',
  path: `/bookings/${bookingId}`,
  as: customerId,
})

/** Needs no key either. */
export const withdrawOffer = (managerId: string, offerId: string): Request => ({
  method: 'DELETE',
  path: `/offers/${offerId}`,
  as: managerId,
})

/** Returns some category. They are the same in every system, and never go. */
export const someCategory = async (actor: Actor): Promise<string> => {
  const { items } = await actor.read<{ readonly items: readonly { readonly id: string }[] }>(
    '/categories',
  )
  const [first] = items
  if (first === undefined) throw new Error('there is no category')
  return first.id
}
