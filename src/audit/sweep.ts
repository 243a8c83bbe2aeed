import type { Check } from './checks.ts'
import type { Books } from './databases.ts'
import { textsOf, type CheckTexts } from './statements.ts'

/** What one look says of a row. Two looks that say the same have the same text. */
export interface Suspect {
  readonly id: string
  readonly text: string
}

interface Page extends Left {
  readonly seen: number
  readonly last: string | null
}

interface Left {
  readonly count: number
  readonly items: string | null
}

export interface Sweep {
  readonly check: Check
  readonly rows: number
  readonly suspects: readonly Suspect[]
  /** Suspects above the most that are kept: they are counted, and nobody looks at them again. */
  readonly beyond: number
}

/** So many are kept for each check: memory must stay bounded however wrong everything is. */
const mostSuspects = 2_000

export const beforeAll = '00000000-0000-0000-0000-000000000000'

/** Asks one database after the other about what the one before could not settle. */
const goOn = async (books: Books, { steps }: Check, texts: CheckTexts, found: Left) => {
  let left = found
  for (const [index, text] of texts.further.entries()) {
    const service = steps[index + 1]?.service
    if (left.items === null || service === undefined) break
    const [answer] = await books.ask<Left>(service, text, [left.items])
    left = answer ?? { count: 0, items: null }
  }
  return left
}

/** Rows come as JSON, and only what is wrong is ever read here. */
const suspectsIn = ({ items }: Left): Suspect[] =>
  items === null
    ? []
    : (JSON.parse(items) as { readonly id: string }[]).map((item) => ({
        id: item.id,
        text: JSON.stringify(item),
      }))

export interface SweepOptions {
  readonly books: Books
  readonly check: Check
  readonly since: Date | undefined
  /** Only the rows of this person, if the check has a digest that says who is to be looked at. */
  readonly person?: string
  readonly onRows: (count: number) => void
}

/** Looks at all rows of a check once. The next page is read while the present one is looked up. */
export const sweep = async (options: SweepOptions): Promise<Sweep> => {
  const { books, check, since, person, onRows } = options
  const { steps, pageSize } = check
  const texts = textsOf(check, since)
  const suspects: Suspect[] = []
  let rows = 0
  let beyond = 0
  const readAfter = async (key: string) => {
    const [page] =
      person === undefined
        ? await books.ask<Page>(steps[0].service, texts.page, [key])
        : await books.ask<Page>(steps[0].service, texts.ofPerson, [key, person])
    return page
  }
  let reading = readAfter(beforeAll)
  for (;;) {
    const page = await reading
    if (page === undefined || page.last === null) break
    const isLast = page.seen < pageSize
    if (!isLast) {
      reading = readAfter(page.last)
      // It is awaited later, and if the lookup fails before, nobody else hears of it.
      reading.catch(() => {})
    }
    const found = suspectsIn(await goOn(books, check, texts, page))
    const room = mostSuspects - suspects.length
    suspects.push(...found.slice(0, room))
    beyond += Math.max(0, found.length - room)
    rows += page.seen
    onRows(page.seen)
    if (isLast) break
  }
  return { check, rows, suspects, beyond }
}

/** Several looks at parts of a check are one look at it. */
export const together = (check: Check, parts: readonly Sweep[]): Sweep => {
  const all = parts.flatMap(({ suspects }) => suspects)
  return {
    check,
    rows: parts.reduce((sum, { rows }) => sum + rows, 0),
    suspects: all.slice(0, mostSuspects),
    beyond: parts.reduce((sum, { beyond }) => sum + beyond, Math.max(0, all.length - mostSuspects)),
  }
}

/** Looks at some rows again, whatever became of them since. */
export const lookAgain = async (
  books: Books,
  check: Check,
  ids: readonly string[],
): Promise<Suspect[]> => {
  const texts = textsOf(check, undefined)
  const [page] = await books.ask<Page>(check.steps[0].service, texts.again, [JSON.stringify(ids)])
  return page === undefined ? [] : suspectsIn(await goOn(books, check, texts, page))
}
