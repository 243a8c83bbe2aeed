import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type postgres from 'postgres'
import type { Place } from '../../src/services/booking/offer-cells.ts'
import { toBeFoundBy, type Wanted } from '../../src/services/booking/offer-search.ts'
import { createRandom, type Random } from '../../test/lab/random.ts'

/**
 * Offers as a market would have them: many companies with a few dozen offers each, in a tree of
 * categories, around cities, with words of which a few are in nearly every title. They begin within
 * half a year, and every third is taken.
 */
const perCompany = 50
const roots = 6
const leavesPerRoot = 10
const horizonDays = 180

const hex = (value: number) => value.toString(16).padStart(12, '0')
const idOf = (kind: string, index: number) => `0197${kind}-0000-7000-8000-${hex(index)}`
const offerId = (index: number) => idOf('0001', index)
export const companyId = (index: number) => idOf('0002', index)
const rootId = (index: number) => idOf('0003', index)
const leafId = (root: number, leaf: number) => idOf('0004', root * leavesPerRoot + leaf)
const nobody = idOf('0005', 0)

const cities: readonly Place[] = [
  { lat: 55.75, lng: 37.62 },
  { lat: 59.94, lng: 30.31 },
  { lat: 52.52, lng: 13.4 },
  { lat: 48.86, lng: 2.35 },
  { lat: 51.51, lng: -0.13 },
  { lat: 40.71, lng: -74.01 },
  { lat: -33.87, lng: 151.21 },
  { lat: 35.68, lng: 139.69 },
]

/** All offers of a company are around one city. */
const cityOf = (company: number): Place => {
  const city = cities[company % cities.length]
  if (city === undefined) throw new Error('there is no city')
  return city
}

const vocabulary = Array.from({ length: 3_000 }, (_, index) => `word${index.toString(36)}`)

/** Few words are said often, and many seldom. */
const wordOf = (random: Random) =>
  vocabulary[Math.floor(vocabulary.length * random.next() ** 3)] ?? 'word'

const placeNear = (random: Random, { lat, lng }: Place): Place => ({
  lat: lat + (random.next() - 0.5) * random.next(),
  lng: lng + (random.next() - 0.5) * random.next(),
})

export const daysAhead = (days: number): Date => new Date(Date.now() + days * 86_400_000)

const makeOffer = (random: Random, index: number) => {
  const company = Math.floor(index / perCompany)
  const root = random.between(0, roots - 1)
  const leaf = random.between(0, leavesPerRoot - 1)
  const startsAt = daysAhead(random.next() * horizonDays)
  return {
    id: offerId(index),
    companyId: companyId(company),
    categoryPath: [rootId(root), leafId(root, leaf)],
    title: `${wordOf(random)} ${wordOf(random)} ${wordOf(random)}`,
    description: `${wordOf(random)} ${wordOf(random)} ${wordOf(random)} ${wordOf(random)}`,
    price: random.between(100, 100_000),
    startsAt,
    endsAt: new Date(startsAt.getTime() + 3_600_000),
    location: placeNear(random, cityOf(company)),
    status: random.chance(0.66) ? 'OPEN' : 'PAID',
  }
}

type MadeOffer = ReturnType<typeof makeOffer>

const rowOf = (offer: MadeOffer) =>
  [
    offer.id,
    offer.companyId,
    offer.categoryPath.at(-1),
    offer.title,
    offer.description,
    offer.price,
    offer.startsAt.toISOString(),
    offer.endsAt.toISOString(),
    'UTC',
    offer.location.lat,
    offer.location.lng,
    offer.status,
    offer.status === 'OPEN' ? String.raw`\N` : offer.id,
    nobody,
    'bench',
  ].join('\t')

/** So many rows go to Postgres together. */
const chunk = 2_000

const copy = async (
  sql: postgres.Sql,
  into: string,
  count: number,
  linesOf: (offer: MadeOffer) => readonly string[],
) => {
  const random = createRandom('offers')
  const lines = function* () {
    for (let first = 0; first < count; first += chunk) {
      const made: string[] = []
      for (let index = first; index < Math.min(first + chunk, count); index += 1) {
        made.push(...linesOf(makeOffer(random, index)))
      }
      yield `${made.join('\n')}\n`
    }
  }
  const target = await sql.unsafe(`copy ${into} from stdin`).writable()
  await pipeline(Readable.from(lines()), target)
}

const offerColumns = `id, company_id, category_id, title, description, price, starts_at, ends_at,
  time_zone, lat, lng, status, booking_id, created_by, request_id`

const rowsOfLists = (offer: MadeOffer) => {
  const { terms, marks } = toBeFoundBy(offer)
  const { id, startsAt, price, location } = offer
  const said = [startsAt.toISOString(), id, price, location.lat, location.lng, marks].join('\t')
  return terms.map((term) => `${term}\t${said}`)
}

const listColumns = 'term, starts_at, offer_id, price, lat, lng, marks'

/** Writes so many offers with their lists. The large index is made at the end, which is faster. */
export const seedOffers = async (sql: postgres.Sql, count: number): Promise<void> => {
  const [key] = await sql<{ definition: string }[]>`
    select pg_get_constraintdef(oid) as definition from pg_constraint
    where conname = 'offer_terms_key'`
  if (key === undefined) throw new Error('the lists of offers have no key')
  await sql.unsafe('alter table offer_terms drop constraint offer_terms_key')
  await copy(sql, `offers (${offerColumns})`, count, (offer) => [rowOf(offer)])
  await copy(sql, `offer_terms (${listColumns})`, count, rowsOfLists)
  await sql.unsafe(`set maintenance_work_mem = '1GB'`)
  await sql.unsafe(`alter table offer_terms add constraint offer_terms_key ${key.definition}`)
  await sql.unsafe('vacuum (analyze) offers, offer_terms')
  await sql.unsafe('checkpoint')
}

/** What somebody may look for, by the name of the kind of search. */
export const searches: Readonly<Record<string, (random: Random, count: number) => Wanted>> = {
  everything: () => ({}),
  'a day': (random) => {
    const day = random.between(1, horizonDays - 2)
    return { from: daysAhead(day).toISOString(), to: daysAhead(day + 1).toISOString() }
  },
  'a category with its children': (random) => ({
    categoryId: rootId(random.between(0, roots - 1)),
  }),
  'a company': (random, count) => ({
    companyId: companyId(random.between(0, Math.ceil(count / perCompany) - 1)),
  }),
  'a word': (random) => ({ text: wordOf(random) }),
  'two words': (random) => ({ text: `${wordOf(random)} ${wordOf(random)}` }),
  'within 5 km': (random) => ({ ...nearOf(random), withinKm: 5 }),
  'within 50 km': (random) => ({ ...nearOf(random), withinKm: 50 }),
  'a low price': () => ({ maxPrice: 200 }),
  'a status that none has': () => ({ status: 'RESERVED' }),
  'all of it': (random) => ({
    ...nearOf(random),
    withinKm: 30,
    text: wordOf(random),
    categoryId: leafId(random.between(0, roots - 1), random.between(0, leavesPerRoot - 1)),
    maxPrice: 50_000,
    from: daysAhead(random.between(1, horizonDays / 2)).toISOString(),
  }),
}

const nearOf = (random: Random) => ({ near: placeNear(random, random.pick(cities)) })
