import { defaultPageSize } from '../../platform/http/schemas.ts'
import { cellsAround, cellsAt, radiansOf, usualRadiusKm, type Place } from './offer-cells.ts'
import type { OfferStatus } from './states.ts'

/**
 * By what offers are found: each offer is in one list for each of its terms. A search walks one of
 * these lists, the one that says most, and looks at each offer in it.
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

export const termsOf = (offer: Findable): string[] => [
  ofAll,
  ofCompany(offer.companyId),
  ...offer.categoryPath.map(ofCategory),
  ...(offer.location === null ? [] : cellsAt(offer.location)),
  ...wordsIn(`${offer.title} ${offer.description ?? ''}`)
    .slice(0, maxWords)
    .map(ofWord),
]

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
  /** The lists to walk, as one. No offer is in two of them. */
  readonly lists: readonly string[]
  /** The other lists in which each offer must be. */
  readonly also: readonly string[]
  /** How many rows of the lists a page may look at. */
  readonly maxRows: number
}

/** As many lists can the statement walk as one. */
const maxLists = 6

/** What a page may cost, in looks into an index: a few milliseconds, however many offers there are. */
const maxLooks = 2_000

const byLength = (one: string, other: string) => other.length - one.length

/**
 * The lists are chosen by the request alone, the one that promises to be shortest first: what one
 * company offers, what is near, a long word, a category, everything.
 */
export const planSearch = (wanted: Wanted): SearchPlan => {
  const { companyId, categoryId, text, near, withinKm = usualRadiusKm } = wanted
  const company = companyId === undefined ? [] : [ofCompany(companyId)]
  const category = categoryId === undefined ? [] : [ofCategory(categoryId)]
  const words = wordsIn(text ?? '')
    .toSorted(byLength)
    .map(ofWord)
  const cells = near === undefined || company.length > 0 ? [] : cellsAround(near, withinKm)
  const terms = [...company, ...words, ...category]
  const lists = company.length === 0 && cells.length > 0 ? cells : terms.slice(0, 1)
  const walked = lists.length === 0 ? [ofAll] : lists
  const also = terms.filter((term) => !walked.includes(term))
  if (walked.length > maxLists) throw new Error(`a search would walk ${walked.length} lists`)
  return { lists: walked, also, maxRows: Math.floor(maxLooks / (2 + also.length)) }
}

/** Where a page ended: the next one begins behind it. */
interface Reached {
  readonly reachedAt: Date
  readonly reachedId: string
}

/** What a search found: `place` is the row of the lists that it was. The last row may be no offer that fits. */
export type Found<Row> = Reached & { readonly place: number } & (Row | { readonly id: null })

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
    near: near === undefined ? null : { ...near, radians: radiansOf(withinKm) },
    // One more tells whether there is another page.
    maxItems: limit + 1,
  }
}

const fits = <Row extends { readonly id: string }>(
  found: Found<Row>,
): found is Reached & {
  readonly place: number
} & Row => found.id !== null

/**
 * A page of what was found, where one more than the limit was asked for. There is another page when
 * there was one more, or when the search stopped because it had looked at as much as it may.
 */
export const toSearchPage = <Row extends { readonly id: string }, Item>(
  found: readonly Found<Row>[],
  { maxItems, maxRows }: { readonly maxItems: number; readonly maxRows: number },
  toItem: (row: Row) => Item,
) => {
  const limit = maxItems - 1
  const fitting = found.filter(fits)
  const shown = fitting.slice(0, limit)
  const last =
    fitting.length > limit ? shown.at(-1) : found.findLast(({ place }) => place === maxRows)
  return { items: shown.map(toItem), next: last === undefined ? null : cursorOf(last) }
}
