import { defaultPageSize } from '../../platform/http/schemas.ts'
import { cellsAround, cellsAt, haversineOf, usualRadiusKm, type Place } from './offer-cells.ts'
import { marksOf } from './offer-marks.ts'
import type { OfferStatus } from './states.ts'

/**
 * By what offers are found: each offer is in one list for each of its terms. A search walks one of
 * these lists, the one that is sparsest from there on. Its rows say enough of their offers to pass
 * over most that do not fit; only the others are looked at.
 */

/** Longer words are told apart by their beginning. */
const maxWordLength = 40
/** Of an offer, the title's first. */
const maxWords = 64

/** A word as it is compared: in small letters, with ё as е and ß as ss, each sign in its plain form. */
const fold = (word: string): string => {
  const small = word.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFC')
  return Array.from(small.replaceAll('ё', 'е')).slice(0, maxWordLength).join('')
}

/** Whatever is no letter and no digit stands between words. */
export const wordsIn = (text: string): string[] => [
  ...new Set((text.normalize('NFC').match(/[\p{L}\p{M}\p{N}]+/gu) ?? []).map(fold)),
]

const ofAll = 'all'
const ofCompany = (companyId: string) => `company:${companyId}`
const ofCategory = (categoryId: string) => `category:${categoryId}`
const ofWord = (word: string) => `word:${word}`

export interface Findable {
  readonly companyId: string
  /** From the root to its own category. */
  readonly categoryPath: readonly string[]
  readonly title: string
  readonly description: string | null
  readonly location: Place | null
}

const saidOf = ({ companyId, categoryPath, title, description }: Findable): string[] => [
  ofCompany(companyId),
  ...categoryPath.map(ofCategory),
  ...wordsIn(`${title} ${description ?? ''}`)
    .slice(0, maxWords)
    .map(ofWord),
]

/** What an offer is stored with. Its marks say nothing of where it is: its place is stored itself. */
export const toBeFoundBy = (offer: Findable) => {
  const said = saidOf(offer)
  const cells = offer.location === null ? [] : cellsAt(offer.location)
  return { terms: [ofAll, ...cells, ...said], marks: marksOf(said) }
}

/** What is looked for, as the contract reads it. */
export interface Wanted {
  readonly companyId?: string | undefined
  readonly categoryId?: string | undefined
  readonly text?: string | undefined
  readonly near?: Place | undefined
  readonly withinKm?: number | undefined
  readonly from?: string | undefined
  readonly to?: string | undefined
  readonly minPrice?: number | undefined
  readonly maxPrice?: number | undefined
  readonly status?: OfferStatus | undefined
  readonly limit?: number | undefined
  readonly cursor?: string | undefined
}

export interface SearchPlan {
  /** One of these is walked, the lists of it as one. No offer is in two of those. */
  readonly ways: readonly (readonly string[])[]
  /** The lists in which each offer must be. */
  readonly also: readonly string[]
  /** The marks of these. */
  readonly marks: string
  /** How many rows of the lists a page may read. */
  readonly maxRows: number
  /** How many of these it may look up. */
  readonly maxLooks: number
}

/** As many lists can the statement walk as one. */
const maxLists = 6

/** Of as many ways to find the same, the sparsest is walked. */
const maxWays = 6

/** What a page may read in the order of an index: a quarter of a millisecond. */
const maxRows = 500

/** What a page may look up, each somewhere else: a millisecond at most, however many offers there are. */
const maxLookUps = (limit: number) => 160 + 2 * limit

const byLength = (one: string, other: string) => other.length - one.length

/**
 * Of all ways that there are, the first ones are those that promise to be sparse: what is near, what one
 * company offers, a long word, a category. Which one is, the statement finds out.
 */
export const planSearch = (wanted: Wanted): SearchPlan => {
  const { companyId, categoryId, text, near, withinKm = usualRadiusKm } = wanted
  const { limit = defaultPageSize } = wanted
  const company = companyId === undefined ? [] : [ofCompany(companyId)]
  const category = categoryId === undefined ? [] : [ofCategory(categoryId)]
  const words = wordsIn(text ?? '').map(ofWord)
  const cells = near === undefined ? [] : [cellsAround(near, withinKm)]
  const also = [...company, ...words.toSorted(byLength), ...category]
  const found = [...cells, ...also.map((term) => [term])].slice(0, maxWays)
  const ways = found.length === 0 ? [[ofAll]] : found
  const most = Math.max(...ways.map((lists) => lists.length))
  if (most > maxLists) throw new Error(`a search would walk ${most} lists`)
  const maxLooks = Math.floor(maxLookUps(limit) / Math.max(1, also.length))
  return { ways, also, marks: marksOf(also), maxRows, maxLooks }
}

/** Where a page ended: the next one begins behind it. */
interface Reached {
  readonly reachedAt: Date
  readonly reachedId: string
}

/**
 * What a search found. Where it stopped because it had read or looked up as much as it may, the last
 * row says so, and need not be an offer that fits.
 */
export type Found<Row> = Reached & { readonly stopped: boolean } & (Row | { readonly id: null })

const cursorOf = ({ reachedAt, reachedId }: Reached) => `${reachedAt.getTime()}_${reachedId}`

/** Behind all offers that begin earlier, and before all that begin then. */
const firstId = '00000000-0000-0000-0000-000000000000'

/** From where to walk: null stands for now. A cursor leads on, however late it has become. */
const startOf = ({ from, cursor }: Wanted) => {
  const fromMs = from === undefined ? null : Date.parse(from)
  const [time, after = firstId] = cursor?.split('_') ?? []
  const reachedMs = Number(time)
  const goesOn = time !== undefined && (fromMs === null || fromMs <= reachedMs)
  return goesOn ? { fromMs: reachedMs, after } : { fromMs, after: firstId }
}

/** What the store is asked for. */
export const searchFor = (wanted: Wanted) => {
  const { near, withinKm = usualRadiusKm, to = null, status = 'OPEN' } = wanted
  const { minPrice = null, maxPrice = null, limit = defaultPageSize } = wanted
  return {
    ...planSearch(wanted),
    ...startOf(wanted),
    to,
    status,
    minPrice,
    maxPrice,
    near: near === undefined ? null : { ...near, haversine: haversineOf(withinKm) },
    // One more tells whether there is another page.
    maxItems: limit + 1,
  }
}

const fits = <Row extends { readonly id: string }>(
  found: Found<Row>,
): found is Reached & {
  readonly stopped: boolean
} & Row => found.id !== null

/**
 * A page of what was found, where one more than the limit was asked for. There is another page when
 * there was one more, or when the search stopped before the end of the lists.
 */
export const toSearchPage = <Row extends { readonly id: string }, Item>(
  found: readonly Found<Row>[],
  { maxItems }: { readonly maxItems: number },
  toItem: (row: Row) => Item,
) => {
  const limit = maxItems - 1
  const fitting = found.filter(fits)
  const shown = fitting.slice(0, limit)
  const last = fitting.length > limit ? shown.at(-1) : found.findLast(({ stopped }) => stopped)
  return { items: shown.map(toItem), next: last === undefined ? null : cursorOf(last) }
}
