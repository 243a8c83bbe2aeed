import { audit, type Verdict } from '../../src/audit/audit.ts'
import { openBooks, type BooksUrls } from '../../src/audit/databases.ts'
import { reportText } from '../../src/audit/report.ts'

export interface BooksOptions {
  readonly since?: Date
  readonly leaseMs: number
}

const silence = { begin: () => {}, onRows: () => {}, say: () => {} }

/** The product's own audit, over the databases of a system. */
export const auditBooks = async (urls: BooksUrls, options: BooksOptions): Promise<Verdict> => {
  const books = openBooks(urls)
  try {
    return await audit({ ...options, books, progress: silence })
  } finally {
    await books.close()
  }
}

/** What is wrong with the books, as the audit tells it, or undefined when they are fine. */
export const booksComplaint = (verdict: Verdict): string | undefined => {
  const { violations, more, unsettled } = verdict
  const isFine = violations.length === 0 && more === 0 && unsettled.length === 0
  return isFine ? undefined : `the audit of the books says:\n${reportText(verdict)}`
}
