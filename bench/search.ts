import { parseArgs } from 'node:util'
import postgresJs from 'postgres'
import { createLog, createMetrics } from '../src/platform/base/telemetry.ts'
import { createDatabase } from '../src/platform/database/db.ts'
import { searchFor, toSearchPage } from '../src/services/booking/offer-search.ts'
import { createOfferStore } from '../src/services/booking/store-offers.ts'
import { createRecorder, explain, type PlanNode } from '../test/lab/plans.ts'
import { createRandom } from '../test/lab/random.ts'
import { startBenchPostgres, type BenchPostgres } from './lib/databases.ts'
import { describeMachine, machineLine } from './lib/machine.ts'
import { searches, seedOffers } from './lib/offers.ts'
import { createScreen, tableLines } from './lib/screen.ts'
import { latenciesOf, type Latencies } from './lib/stats.ts'
import { withStops } from './lib/stops.ts'

/**
 * `npm run bench:search`: how long a page of a search takes with few offers and with many. Both are
 * asked in turn, so that a slow moment of the machine hits both. Each search is asked several times:
 * the quickest answer tells what the search costs, all of them what the machine made of it. How many
 * items a page has tells what it was that took so long.
 */
const usage = 'usage: npm run bench:search -- [--few=1000] [--many=1000000] [--searches=400]'

const number = (text: string): number => {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new Error(usage)
  return value
}

const readOptions = () => {
  const text = (value: string) => ({ type: 'string', default: value }) as const
  const options = { few: text('1000'), many: text('1000000'), searches: text('400') }
  const { values } = parseArgs({ options })
  return {
    few: number(values.few),
    many: number(values.many),
    /** Of each kind, at each size. */
    searches: number(values.searches),
  }
}

/** Offers in a database of their own, and the store of the service over it. */
const openMarket = async (postgres: BenchPostgres, name: string, count: number) => {
  const { urls, admin } = await postgres.createSet(name)
  await seedOffers(admin.booking, count)
  const database = createDatabase({
    config: { url: urls.booking ?? '', poolSize: 1, statementTimeoutMs: 60_000, prepare: true },
    log: createLog('booking', 'silent'),
    metrics: createMetrics('booking'),
  })
  // With the settings of the service's role, by which Postgres plans.
  const sql = postgresJs(urls.booking ?? '', { max: 1, onnotice: () => {} })
  return {
    count,
    store: createOfferStore(database),
    sql,
    close: async () => {
      await sql.end({ timeout: 1 })
      await database.close()
    },
  }
}

type Market = Awaited<ReturnType<typeof openMarket>>

/** What one kind of search took among so many offers. */
interface Taken {
  /** Of all answers. */
  readonly all: Latencies
  /** Of the quickest answer to each search. */
  readonly quickest: Latencies
  readonly itemsPerPage: number
}
type Times = Readonly<Record<string, { readonly few: Taken; readonly many: Taken }>>

/** So often is each search asked and measured. */
const asks = 3

const askOnce = async ({ store, count }: Market, kind: string, seed: string) => {
  const wanted = searches[kind]?.(createRandom(seed), count) ?? {}
  const search = searchFor(wanted)
  const startedAtMs = performance.now()
  const found = await store.search(search)
  const tookMs = performance.now() - startedAtMs
  return { tookMs, items: toSearchPage(found, search, (row) => row).items.length }
}

type Answer = Awaited<ReturnType<typeof askOnce>>

const createTimes = () => {
  const all: number[] = []
  const quickest: number[] = []
  let items = 0
  return {
    add: (answers: readonly Answer[]) => {
      const tookMs = answers.map((answer) => answer.tookMs)
      all.push(...tookMs)
      quickest.push(Math.min(...tookMs))
      items += answers[0]?.items ?? 0
    },
    taken: (): Taken => ({
      all: latenciesOf(Float64Array.from(all)),
      quickest: latenciesOf(Float64Array.from(quickest)),
      itemsPerPage: items / quickest.length,
    }),
  }
}

/** Every search is asked once before it is measured: what is looked for often is in memory. */
const measure = async (few: Market, many: Market, rounds: number): Promise<Times> => {
  const kinds = Object.keys(searches)
  const times = new Map(kinds.map((kind) => [kind, { few: createTimes(), many: createTimes() }]))
  for (let round = 0; round < rounds; round += 1) {
    for (const [kind, measured] of times) {
      const seed = `${kind} ${round}`
      await askOnce(few, kind, seed)
      await askOnce(many, kind, seed)
      const answers = { few: [], many: [] } as Record<'few' | 'many', Answer[]>
      for (let ask = 0; ask < asks; ask += 1) {
        answers.few.push(await askOnce(few, kind, seed))
        answers.many.push(await askOnce(many, kind, seed))
      }
      measured.few.add(answers.few)
      measured.many.add(answers.many)
    }
  }
  return Object.fromEntries(
    [...times].map(([kind, measured]) => [
      kind,
      { few: measured.few.taken(), many: measured.many.taken() },
    ]),
  )
}

/** The blocks of 8 KiB that Postgres looks at for a page: a busy machine does not change them. */
const blocksOf = async ({ sql, count }: Market, kind: string, seed: string): Promise<number> => {
  const { database, recording } = createRecorder()
  const wanted = searches[kind]?.(createRandom(seed), count) ?? {}
  await createOfferStore(database).search(searchFor(wanted))
  const [statement] = recording().statements
  if (statement === undefined) throw new Error(`${kind} asks for nothing`)
  const plan: PlanNode & Blocks = await explain(sql, statement, {
    mode: 'force_generic_plan',
    analyze: true,
  })
  return (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0)
}

interface Blocks {
  readonly 'Shared Hit Blocks'?: number
  readonly 'Shared Read Blocks'?: number
}

/** The most of a few searches of each kind. */
const mostBlocks = async (market: Market, kind: string): Promise<number> => {
  let most = 0
  for (let round = 0; round < 20; round += 1) {
    most = Math.max(most, await blocksOf(market, kind, `${kind} ${round}`))
  }
  return most
}

const ms = (value: number) => value.toFixed(2)

const cellsOf = ({ all, quickest, itemsPerPage }: Taken) => [
  itemsPerPage.toFixed(1),
  ms(all.p50Ms),
  ms(all.p99Ms),
  ms(quickest.p99Ms),
]

const show = async (times: Times, few: Market, many: Market): Promise<string[]> => {
  const rows: string[][] = []
  for (const [kind, at] of Object.entries(times)) {
    rows.push([
      kind,
      ...cellsOf(at.few),
      ...cellsOf(at.many),
      (at.many.all.p99Ms / at.few.all.p99Ms).toFixed(2),
      (at.many.quickest.p99Ms / at.few.quickest.p99Ms).toFixed(2),
      String(await mostBlocks(few, kind)),
      String(await mostBlocks(many, kind)),
    ])
  }
  const heads = [few.count, many.count].flatMap((count) => [
    `${count}: items`,
    'p50 ms',
    'p99 ms',
    'p99 quickest',
  ])
  const ratios = ['p99 ÷', 'quickest ÷', 'few: blocks', 'many: blocks']
  return tableLines([['search', ...heads, ...ratios], ...rows])
}

await withStops(async (stops) => {
  const options = readOptions()
  const screen = createScreen()
  stops.push(async () => screen.end())
  screen.now('starting Postgres')
  const postgres = await startBenchPostgres()
  stops.push(postgres.close)
  screen.line(machineLine(describeMachine(postgres.version)))
  const markets: Market[] = []
  for (const [name, count] of [
    ['few', options.few],
    ['many', options.many],
  ] as const) {
    screen.now(`writing ${count} offers`)
    const market = await openMarket(postgres, name, count)
    stops.push(market.close)
    markets.push(market)
  }
  const [few, many] = markets as [Market, Market]
  screen.now(`asking ${options.searches} times for each kind of page`)
  const times = await measure(few, many, options.searches)
  for (const line of await show(times, few, many)) screen.line(line)
})
