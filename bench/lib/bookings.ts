import { companyCount } from './ids.ts'
import { addRatio, fullLoad, perSecond, takeTurns, type Bench } from './sections.ts'
import { seedCompanies, seedOffers } from './seed-offers.ts'

/** More bookings than any machine of ours has made in a second. */
const atMostPerSecond = 6_000

type Booker = Pick<Bench, 'rig' | 'system'>

/** Stores offers for so many seconds of load, and returns what books them. */
export const storeForBookings = async (
  { rig, system }: Booker,
  companies: number,
  seconds: number,
) => {
  await seedCompanies(system.databases)
  const to = Math.ceil(seconds * atMostPerSecond)
  await seedOffers(system.databases, { from: 0, count: to, companies })
  return (job: Parameters<Bench['rig']['runSystem']>[1]) =>
    rig.runSystem(system, { ...job, kind: 'booking', offers: { from: 0, to } })
}

/** Stores what one run books, and returns a run that books it: an offer can be booked only once. */
const createBooker = ({ rig, system }: Booker) => {
  let stored = 0
  return async (companies: number, job: Parameters<Bench['rig']['runSystem']>[1]) => {
    const from = stored
    const count = Math.ceil((job.seconds + job.warmUpSeconds) * atMostPerSecond) + job.clients
    await seedOffers(system.databases, { from, count, companies })
    stored += count
    return rig.runSystem(system, { ...job, kind: 'booking', offers: { from, to: stored } })
  }
}

/** Bookings beside orders, and bookings of one company beside those of many. */
export const measureBookings = async (bench: Bench) => {
  const { options, rig, system, screen } = bench
  const { seconds, warmUpSeconds, firstWarmUpSeconds, bookingRounds } = options
  screen.now('bookings: warming up')
  await seedCompanies(system.databases)
  const book = createBooker(bench)
  await book(companyCount, { clients: 8, warmUpSeconds: 0, seconds: firstWarmUpSeconds / 2 })
  await book(companyCount, { clients: fullLoad, warmUpSeconds: 0, seconds: firstWarmUpSeconds })
  const job = { clients: fullLoad, seconds, warmUpSeconds }
  const taken = await takeTurns(bench, bookingRounds, 'bookings', {
    'paid orders': () => rig.runSystem(system, job),
    'paid bookings': () => book(companyCount, job),
    'paid bookings, one company': () => book(1, job),
  })
  const bookings = taken('paid bookings', perSecond)
  addRatio(bench, {
    id: 'bookings',
    what: 'paid bookings/s ÷ paid orders/s',
    above: bookings,
    below: taken('paid orders', perSecond),
    atLeast: 0.8,
  })
  addRatio(bench, {
    id: 'one-company',
    what: 'all bookings at one company ÷ at 1,000',
    above: taken('paid bookings, one company', perSecond),
    below: bookings,
    atLeast: 0.9,
  })
}
