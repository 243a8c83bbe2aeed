import postgres from 'postgres'
import { inject } from 'vitest'
import type { ServiceName } from '../../src/registry.ts'
import { tables } from '../judge/audit.ts'
import { whenFileEnds } from './cleanup.ts'

/**
 * Hears of every commit of a database at once, and of what it wrote: Postgres delivers a
 * notification if and only if its transaction commits. The triggers belong to the test.
 */
interface WrittenRow {
  readonly table: string
  readonly transaction: string
  readonly was: Readonly<Record<string, unknown>> | null
  readonly is: Readonly<Record<string, unknown>>
}

export interface Commit {
  readonly service: ServiceName
  readonly transaction: string
  /** What the commit wrote, in the words of the pictures. */
  readonly words: ReadonlySet<string>
  readonly ids: readonly string[]
}

const witnessText = (names: readonly string[]) => `
create function tell_of_write() returns trigger language plpgsql as $$
begin
  perform pg_notify('written', jsonb_build_object(
    'table', tg_table_name,
    'transaction', pg_current_xact_id()::text,
    'was', case when tg_op = 'UPDATE' then to_jsonb(old) - 'timeline' end,
    'is', to_jsonb(new) - 'timeline' - 'body')::text);
  return null;
end $$;
${names
  .map(
    (name) => `create trigger tell_of_write after insert or update on ${name}
      for each row execute function tell_of_write();`,
  )
  .join('\n')}`

/**
 * The words of the pictures for a row that owes something and is written again. What it owes from a
 * new state on is a letter, or a call for which the request that goes on has a lease.
 */
const dueWords = ({ was, is }: WrittenRow, state: string, owed = 'letter due'): string[] => {
  if (was === null) return [is[state] as string, ...(is['due_at'] === null ? [] : ['lease'])]
  if (was[state] !== is[state]) {
    return [is[state] as string, ...(is['due_at'] === null ? [] : [owed])]
  }
  if (is['due_at'] === null) return ['nothing is due']
  return (is['attempts'] as number) > (was['attempts'] as number)
    ? ['taken up', 'lease']
    : ['postponed']
}

const hasKey = (row: WrittenRow, column: string) =>
  row.was === null && row.is[column] !== null ? ['key'] : []

const wordsOf = (row: WrittenRow): string[] => {
  const { table, was, is } = row
  switch (table) {
    case 'users': {
      if (was?.['password_hash'] && is['password_hash'] === null) return ['hash forgotten']
      const about = was?.['account'] === is['account'] ? [] : ['account']
      return [...about, ...dueWords(row, 'account'), ...hasKey(row, 'idempotency_key')]
    }
    case 'logins':
      return was === null ? ['login'] : []
    case 'accounts':
      if (was === null) return ['account']
      // A refused operation counts on its account, and moves nothing.
      if (is['balance'] === was['balance']) return []
      return [(is['balance'] as number) > (was['balance'] as number) ? 'balance +' : 'balance −']
    case 'operations':
      return [
        'operation',
        is['status'] as string,
        ...hasKey(row, 'key'),
        ...(is['status'] === 'REFUSED' ? ['tombstone'] : []),
      ]
    case 'deposit_letters':
      return was === null ? ['letter due'] : dueWords(row, 'id')
    case 'orders':
    case 'order_changes':
      return [...dueWords(row, 'status'), ...hasKey(row, 'idempotency_key')]
    case 'offers':
      return was?.['status'] === is['status'] ? [] : [is['status'] as string]
    case 'bookings':
      return [...dueWords(row, 'status', 'lease'), ...hasKey(row, 'idempotency_key')]
    case 'booking_letters':
      return was === null ? ['letters due'] : dueWords(row, 'id')
    case 'letters':
      return hasKey(row, 'key')
    default:
      throw new Error(`nobody told how to speak of ${table}`)
  }
}

const orderWords = ['PENDING', 'APPROVED', 'REJECTED', 'CANCELLED', 'OPEN', 'DONE', 'REFUSED']
const bookingWords = ['RESERVED', 'PAID', 'RELEASING', 'RELEASED', 'CANCELLING', 'COMPLETED']
const things = [
  'account',
  'login',
  'hash forgotten',
  'operation',
  'balance +',
  'balance −',
  'tombstone',
  'key',
]
const owed = ['lease', 'letter due', 'letters due', 'nothing is due', 'postponed', 'taken up']

/** Every word that a commit can have, so that the test finds the same words in a picture. */
const vocabulary = [...orderWords, ...bookingWords, ...things, ...owed]

export const wordsIn = (label: string) => new Set(vocabulary.filter((word) => label.includes(word)))

/** Company writes nothing when somebody books: it is only asked. */
const picturedTables: typeof tables = {
  ...tables,
  company: [],
  booking: ['offers', 'bookings', 'booking_letters'],
}

/** A row is named by its id; a booking by the key of its refund, too. */
const idsOf = (row: WrittenRow['is']) =>
  [row['id'], row['refund_id']].filter((id) => typeof id === 'string')

/**
 * Installs the triggers and reports each commit, with one set of words for what it wrote. Returns a
 * connection of the administrator.
 */
export const witnessCommits = async (
  service: ServiceName,
  databaseUrl: string,
  onCommit: (commit: Commit) => void,
) => {
  const url = new URL(inject('adminUrl'))
  url.pathname = new URL(databaseUrl).pathname
  const sql = postgres(url.href, { max: 1, onnotice: () => {} })
  whenFileEnds(() => sql.end({ timeout: 1 }))
  await sql.unsafe(witnessText(picturedTables[service] ?? []))
  await sql.listen('written', (payload) => {
    const row = JSON.parse(payload) as WrittenRow
    const { transaction, is } = row
    onCommit({ service, transaction, words: new Set(wordsOf(row)), ids: idsOf(is) })
  })
  return sql
}
