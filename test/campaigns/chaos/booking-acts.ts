import {
  book,
  cancelBooking,
  hourMs,
  newCompany,
  newOffer,
  someCategory,
  withdrawOffer,
} from '../../lab/booking-requests.ts'
import { drawAmount, recent, send, type Client, type WeightedAct } from './client.ts'

/** Customers and managers who quarrel over few offers. */

interface Named {
  readonly id: string
}

/** The end of the year is far enough for every storm, and each offer has an hour of its own. */
const soonestHours = 48
const latestHours = 9_000
const resources = ['Anna', 'Boris'] as const
/** So few that customers meet. */
const openOffers = 4

export const openCompany = async (client: Client, managerId: string) => {
  const { status, body } = await send<Named>(client, newCompany(managerId))
  if (status === 201) client.shared.companies.push({ id: body.id, managerId })
}

let category: string | undefined

const makeOffer = async (client: Client) => {
  const { random, shared } = client
  const { id: companyId, managerId } = random.pick(shared.companies)
  category ??= await someCategory(client.actor())
  // Some cost more than any user has: a refusal opens the offer again.
  const price = random.chance(0.15) ? drawAmount(random) * 1_000 : drawAmount(random)
  const offer = {
    managerId,
    companyId,
    categoryId: category,
    price,
    startsMs: Date.now() + random.between(soonestHours, latestHours) * hourMs,
    ...(random.chance(0.3) ? { resource: random.pick(resources) } : {}),
  }
  const { status, body } = await send<Named>(client, newOffer(offer))
  if (status === 201) shared.offers.push({ id: body.id, managerId })
}

const recentOffer = ({ random, shared }: Client) => random.pick(shared.offers.slice(-openOffers))

const bookOffer = async (client: Client) => {
  const { random, shared } = client
  const offer = recentOffer(client)
  const customerId = random.pick(recent(shared.users))
  const { status, body } = await send<Named>(client, book(customerId, offer.id))
  if (status === 201) shared.bookings.push({ id: body.id, customerId, offer })
}

const cancelAsCustomer = async (client: Client) => {
  const { id, customerId } = client.random.pick(recent(client.shared.bookings))
  await send(client, cancelBooking(customerId, id))
}

const withdrawAsManager = async (client: Client) => {
  const { id, managerId } = recentOffer(client)
  await send(client, withdrawOffer(managerId, id))
}

/** All of them want one offer at the same moment. */
const rush = (client: Client) =>
  Promise.all(Array.from({ length: client.random.between(2, 5) }, () => bookOffer(client)))

/** Who has it gives it back, the company withdraws it, and somebody else wants it: all at once. */
const quarrel = async (client: Client) => {
  const { random, shared } = client
  const { id, customerId, offer } = random.pick(recent(shared.bookings))
  const acts = [
    () => send(client, cancelBooking(customerId, id)),
    () => send(client, book(random.pick(recent(shared.users)), offer.id)),
    ...(random.chance(0.5) ? [() => send(client, withdrawOffer(offer.managerId, offer.id))] : []),
  ]
  await Promise.all(random.shuffle(acts).map((act) => act()))
}

const lookForOffers = async (client: Client) => {
  const { random, shared, actor } = client
  const { id, managerId } = recentOffer(client)
  const paths = [`/offers/${id}`, '/offers?limit=20', '/companies?mine=true']
  const bookings = recent(shared.bookings).map((one) => `/bookings/${one.id}`)
  const path = random.pick([...paths, ...bookings])
  const as = path.startsWith('/companies') ? { as: managerId } : {}
  await actor().attempt({ method: 'GET', path, ...as })
}

export const bookingActsOf = (client: Client): readonly WeightedAct[] => {
  const { random, shared } = client
  if (shared.companies.length === 0) return []
  const always: WeightedAct[] = [
    [1, () => openCompany(client, random.pick(shared.users))],
    [10, () => makeOffer(client)],
  ]
  if (shared.offers.length === 0) return always
  const withOffers: WeightedAct[] = [
    ...always,
    [18, () => bookOffer(client)],
    [4, () => rush(client)],
    [4, () => withdrawAsManager(client)],
    [6, () => lookForOffers(client)],
  ]
  if (shared.bookings.length === 0) return withOffers
  return [...withOffers, [6, () => cancelAsCustomer(client)], [6, () => quarrel(client)]]
}
