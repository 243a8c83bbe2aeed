import { costOf } from './count.ts'
import type { Picture } from './pictures.ts'

interface Scenario {
  readonly title: string
  /** Which picture shows it in each style. A style without changes shares a picture. */
  readonly pictures: readonly { readonly style: string; readonly picture: string }[]
}

const one = '1 HTTP only (built)'
const two = '2 HTTP and events'
const three = '3 events only'
const four = '4 commands and facts'

export const scenarios: readonly Scenario[] = [
  {
    title: 'An order that is paid',
    pictures: [
      { style: one, picture: '1-order-paid' },
      { style: two, picture: '2-order-paid' },
      { style: three, picture: '3-order-paid' },
      { style: four, picture: '4-order-paid' },
      { style: `${four}, a broker, two consumers`, picture: '4-order-paid-broker' },
    ],
  },
  {
    title: 'An order that is refused',
    pictures: [
      { style: one, picture: '1-order-refused' },
      { style: two, picture: '2-order-refused' },
      { style: three, picture: '3-order-refused' },
      { style: four, picture: '4-order-refused' },
    ],
  },
  {
    title: 'A deposit',
    pictures: [
      { style: one, picture: '1-deposit' },
      { style: two, picture: '2-deposit' },
      { style: three, picture: '3-deposit' },
      { style: four, picture: '4-deposit' },
    ],
  },
  {
    title: 'Creating a user',
    pictures: [
      { style: one, picture: '1-create-user' },
      { style: two, picture: '1-create-user' },
      { style: three, picture: '3-create-user' },
      { style: four, picture: '1-create-user' },
    ],
  },
]

const roundTrips = (messages: number) => Math.ceil(messages / 2)

const head = [
  'style',
  'messages',
  'commits',
  'broker writes',
  'first answer after',
  'outcome known after',
] as const

const isNumeric = (column: number) => column >= 1 && column <= 3

/** A table in the format of the formatter, so that both agree. */
const table = (rows: readonly (readonly string[])[]): string => {
  const widths = head.map((name, column) =>
    Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)),
  )
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const padded = (cells: readonly string[]) =>
    cells.map((cell, column) => {
      const width = widths[column] ?? 0
      return isNumeric(column) ? cell.padStart(width) : cell.padEnd(width)
    })
  const rule = widths.map((width, column) =>
    isNumeric(column) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width),
  )
  return [line(padded(head)), line(rule), ...rows.map((row) => line(padded(row)))].join('\n')
}

const waiting = (messages: number, commits: number, brokerWrites: number) => {
  const parts = [`${roundTrips(messages)} round trips`, `${commits} commits`]
  if (brokerWrites > 0) parts.push(`${brokerWrites} broker writes`)
  return parts.join(', ').replaceAll(/\b1 (round trip|commit|broker write)s/g, '1 $1')
}

/** Makes the tables of the comparison page by counting in the texts of the pictures. */
export const costTables = (pictures: readonly Picture[]): string => {
  const rowOf = ({ style, picture }: Scenario['pictures'][number]) => {
    const found = pictures.find(({ name }) => name === picture)
    if (!found) throw new Error(`there is no picture ${picture}`)
    const cost = costOf(found.text)
    const answer = waiting(cost.messagesToAnswer, cost.commitsToAnswer, 0)
    const decision = waiting(
      cost.messagesToDecision,
      cost.commitsToDecision,
      cost.brokerWritesToDecision,
    )
    const counts = [cost.messages, cost.commits, cost.brokerWrites].map(String)
    return [style, ...counts, answer, decision]
  }
  return scenarios
    .map(({ title, pictures: rows }) => `**${title}**\n\n${table(rows.map(rowOf))}`)
    .join('\n\n')
}
