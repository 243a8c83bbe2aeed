/**
 * The bench derives the ids of stored rows from a number: SQL can make a million of them, and a
 * load generator knows them too.
 */
const kinds = {
  account: '01900000',
  order: '01910000',
  withdrawal: '01920000',
  deposit: '01930000',
  orderLetter: '01940000',
  depositLetter: '01950000',
  company: '01960000',
  manager: '01970000',
  offer: '01980000',
} as const

type Kind = keyof typeof kinds

export const seededId = (kind: Kind, index: number): string =>
  `${kinds[kind]}-0000-7000-8000-${index.toString(16).padStart(12, '0')}`

/** The same in SQL. `index` is an expression. */
export const seededIdSql = (kind: Kind, index: string): string =>
  `('${kinds[kind]}-0000-7000-8000-' || lpad(to_hex((${index})::bigint), 12, '0'))::uuid`

export const accountCount = 10_000
/** Each account with history has the same number of orders, so that all pages are equally long. */
export const ordersPerAccount = 100
/** Enough for more orders than any run can place. */
export const startingBalance = 1_000_000_000_000
export const orderPrice = 100
/** Bookings are spread over so many companies, each with a manager. */
export const companyCount = 1_000
