import { and, eq } from 'drizzle-orm'
import { uuidv7 } from '../../platform/base/ids.ts'
import type { Database } from '../../platform/database/db.ts'
import {
  defineStatement,
  json,
  rowsOf,
  text,
  type ItemOf,
} from '../../platform/database/statement.ts'
import type { Place } from './offer-cells.ts'
import type { Found } from './offer-search.ts'
import { offers, type OfferRow } from './schema.ts'
import type { OfferStatus } from './states.ts'

export type KeptOffer = OfferRow & { readonly outcome: 'created' | 'known' }

export type StoredOffer = KeptOffer | { readonly outcome: 'taken' | 'begun' }

const insertOffers = defineStatement(import.meta.url, {
  name: 'insert offers',
  table: offers,
  input: {
    id: 'uuid',
    companyId: 'uuid',
    categoryId: 'uuid',
    title: 'text',
    description: 'text?',
    price: 'bigint',
    startsAt: 'text',
    endsAt: 'text',
    timeZone: 'text',
    resource: 'text?',
    location: json<Place | null>(),
    /** By what it can be found. */
    terms: json<readonly string[]>(),
    /** Of its terms, a whole number. */
    marks: 'text',
    createdBy: 'uuid',
    idempotencyKey: 'text?',
    requestId: 'text',
  },
  returns: rowsOf<StoredOffer>(),
  /** Who comes later must see what became of the one before. */
  distinctBy: ({ createdBy, idempotencyKey, companyId, resource }) => [
    ...(idempotencyKey === null ? [] : [`key ${createdBy} ${idempotencyKey}`]),
    ...(resource === null ? [] : [`resource ${companyId} ${resource}`]),
  ],
})

const searchOffers = defineStatement(import.meta.url, {
  name: 'search offers',
  table: offers,
  input: {
    ways: json<readonly (readonly string[])[]>(),
    also: json<readonly string[]>(),
    marks: 'text',
    fromMs: 'bigint?',
    after: 'uuid',
    to: 'text?',
    status: text<OfferStatus>(),
    minPrice: 'bigint?',
    maxPrice: 'bigint?',
    /** The middle of a circle, and how far it reaches. */
    near: json<(Place & { readonly haversine: number }) | null>(),
    /** How many rows of the lists it may read, and how many of these look up. */
    maxRows: 'int',
    maxLooks: 'int',
    maxItems: 'int',
  },
  returns: rowsOf<Found<OfferRow>>(),
})

export type Search = ItemOf<typeof searchOffers>

export type NewOffer = Omit<ItemOf<typeof insertOffers>, 'id'>

export const createOfferStore = (database: Database) => {
  const insert = database.statement(insertOffers)

  const findBy = async (condition: ReturnType<typeof and>): Promise<OfferRow | undefined> => {
    const [found] = await database.read('find offer', (reader) =>
      reader.select().from(offers).where(condition),
    )
    return found
  }

  return {
    search: (asked: Search): Promise<Found<OfferRow>[]> => database.lookUp(searchOffers, asked),
    insert: (offer: NewOffer): Promise<StoredOffer> => insert({ ...offer, id: uuidv7() }),
    find: (id: string) => findBy(eq(offers.id, id)),
    findByKey: (createdBy: string, key: string) =>
      findBy(and(eq(offers.createdBy, createdBy), eq(offers.idempotencyKey, key))),
  }
}

export type OfferStore = ReturnType<typeof createOfferStore>
