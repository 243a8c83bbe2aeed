import { cellsAround, cellsAt, type Place } from './offer-cells.ts'

/**
 * By what offers are found: each offer is in one list for each of its terms. A search walks one of
 * these lists, the one that says most, and looks at each offer in it.
 */

/** Longer words are told apart by their beginning. */
const maxWordLength = 40
/** Of an offer, the title's first. */
const maxWords = 64

/** Its words as they are compared: in small letters, composed, ё as е, ß as ss. */
export const wordsIn = (text: string): string[] => {
  const small = text.normalize('NFKC').toUpperCase().toLowerCase()
  const plain = small.normalize('NFC').replaceAll('ё', 'е')
  const words = plain.match(/[\p{L}\p{M}\p{N}]+/gu) ?? []
  return [...new Set(words.map((word) => Array.from(word).slice(0, maxWordLength).join('')))]
}

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

export interface Wanted {
  readonly companyId?: string | undefined
  readonly categoryId?: string | undefined
  readonly text?: string | undefined
  readonly near?: Place | undefined
  readonly withinKm: number
}

export interface SearchPlan {
  /** The lists to walk, as one. No offer is in two of them. */
  readonly lists: readonly string[]
  /** The other lists in which each offer must be. */
  readonly also: readonly string[]
  /** How many offers of the lists a page may look at. */
  readonly maxLooked: number
}

/** The lists that the statement can walk as one. */
export const maxLists = 6

/** What a page may cost, in looks into an index. */
const maxLooks = 4_000

const byLength = (one: string, other: string) => other.length - one.length

/**
 * The lists are chosen by the request alone, the one that promises to be shortest first: what one
 * company offers, what is near, a long word, a category, everything.
 */
export const planSearch = ({ companyId, categoryId, text, near, withinKm }: Wanted): SearchPlan => {
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
  return { lists: walked, also, maxLooked: Math.floor(maxLooks / (2 + also.length)) }
}
