import type { Sql } from 'postgres'
import type { Edge } from '../../src/platform/base/states.ts'
import { bookingEdges, offerEdges } from '../../src/services/booking/states.ts'
import { accountEdges } from '../../src/services/user/states.ts'
import { changeEdges, orderEdges } from '../../src/services/order/states.ts'
import type { ServiceName } from '../../src/registry.ts'

/**
 * The tables whose rows have states, for everything that watches them from outside. A new saga is
 * one entry; a test compares this list with the edges in `states.ts` of each service. Which tables
 * owe something is not listed: each of them has the column `due_at`.
 */
export interface WatchedTable {
  readonly service: ServiceName
  readonly table: string
  readonly column: string
  readonly edges: readonly Edge<string>[]
  /** Its rows take money, by a withdrawal under the key `saga:<id>`. */
  readonly takesMoney?: true
}

export const watchedTables: readonly WatchedTable[] = [
  { service: 'user', table: 'users', column: 'account', edges: accountEdges },
  { service: 'order', table: 'orders', column: 'status', edges: orderEdges, takesMoney: true },
  {
    service: 'order',
    table: 'order_changes',
    column: 'status',
    edges: changeEdges,
    takesMoney: true,
  },
  { service: 'booking', table: 'offers', column: 'status', edges: offerEdges },
  {
    service: 'booking',
    table: 'bookings',
    column: 'status',
    edges: bookingEdges,
    takesMoney: true,
  },
]

/** Every table of a database whose rows may owe something. */
export const tablesWithDue = async (sql: Sql): Promise<readonly string[]> => {
  const rows = await sql<{ name: string }[]>`
    select table_name as name from information_schema.columns
    where column_name = 'due_at' and table_schema = 'public'`
  return rows.map(({ name }) => name)
}

/** Whether a row can come back to a state, so that it may take an edge more than once. */
export const isInCircle = (edges: readonly Edge<string>[], { from, to }: Edge<string>): boolean => {
  const reached = new Set([to])
  for (const state of reached) {
    for (const edge of edges) if (edge.from === state) reached.add(edge.to)
  }
  return reached.has(from)
}
