import type { ServiceName } from '../../../src/registry.ts'
import { serviceNames } from '../../../src/registry.ts'
import { createRandom } from '../../lab/random.ts'
import { createActor, newOrder, signUp, type Request } from '../../lab/actors.ts'
import { book, hourMs, newCompany, newOffer, someCategory } from '../../lab/booking-requests.ts'
import { createHistory } from '../../judge/history.ts'
import { auditFaults, countRows, fingerprint, untilAtRest } from '../../judge/audit.ts'
import { settledRssMb, showAmounts, type Amounts } from '../load/resources.ts'
import type { AdministeredSystem } from '../../lab/system.ts'
import { authorizationOf, noteAnswer } from '../../lab/wallet.ts'
import { createCase, eachConstraint, type Case } from './cases.ts'
import { loadOperations } from '../../lab/operations.ts'
import { createOracle } from './oracle.ts'
import { createRawCase } from './raw-cases.ts'
import type { Known } from './values.ts'
import {
  createJudge,
  describeFault,
  describeRaw,
  parseBody,
  sendCase,
  shrink,
  type Sent,
} from './verdict.ts'
import { createCast, createSignedWire, saidIn, type Cast } from './signed-wire.ts'
import type { Wire } from './wire.ts'

/**
 * Sends requests that the contracts allow, requests that they do not allow, and bytes that are no
 * HTTP. Then checks that only valid requests changed anything and that every service still works.
 */
export interface FuzzOptions {
  readonly system: AdministeredSystem
  readonly seed: number
  readonly requests: number
  readonly say: (line: string) => void
}

export interface FuzzReport {
  readonly faults: readonly string[]
  readonly sent: number
  readonly raw: number
  readonly constraints: number
  readonly byStatus: Readonly<Record<string, number>>
  readonly refused: number
}

const atOnce = 16
const batchSize = 400
const answerTimeoutMs = 20_000
const rawAnswerMs = 400
const maxFaults = 12
/** A heap may grow by this factor between two measurements without a leak. */
const allowedGrowth = 1.35
const allowedGrowthMb = 48

interface Context {
  readonly options: FuzzOptions
  readonly wires: ReadonlyMap<ServiceName, Wire>
  readonly judge: ReturnType<typeof createJudge>
  readonly operations: ReturnType<typeof loadOperations>
  readonly known: Known
  readonly cast: Cast
  readonly victim: string
  readonly faults: string[]
  readonly byStatus: Record<string, number>
  readonly counts: { index: number; sent: number; raw: number; refused: number }
}

const inParallel = async <Item>(items: readonly Item[], work: (item: Item) => Promise<void>) => {
  const queue = [...items]
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}

const wireOf = ({ wires }: Context, target: ServiceName) => wires.get(target)!

const tell = async (context: Context, one: Case, sent: Sent) => {
  const { judge, faults } = context
  if (sent.fault === undefined || faults.length >= maxFaults) return
  const retry = (smaller: Case) => sendCase(judge, wireOf(context, smaller.target), smaller)
  const smallest = await shrink(one, sent.fault, retry)
  faults.push(describeFault(smallest, sent))
}

/** Reasons for which billing refuses a change, besides too little money. The change stores them. */
const storedRefusals = new Set([
  'balance-limit',
  'refund-exceeds-withdrawal',
  'withdrawal-refunded',
])

/** What a POST to these stores, one row for each. */
const createdRows = new Map([
  ['/companies', 'companies'],
  ['/categories', 'categories'],
  ['/offers', 'offers'],
  ['/bookings', 'bookings'],
])

/** Returns the rows that an answer says were stored. */
const storedBy = ({ service, method, path, headers }: Case, { response }: Sent) => {
  if (!response || response.headers['idempotency-replayed'] === 'true') return undefined
  const { status } = response
  const isAt = (pattern: RegExp) => pattern.test(path.split('?')[0] ?? '')
  const { code } = (parseBody(response) ?? {}) as { code?: string }
  if (service === 'user' && method === 'POST') {
    if (status === 201 || status === 202) return 'users'
    // A refusal is kept when it has a key, for its late repeats.
    const hasKey = headers.some(([name]) => name === 'idempotency-key')
    return hasKey && code?.endsWith('-taken') ? 'users' : undefined
  }
  const created = createdRows.get(path.split('?')[0] ?? '')
  if (method === 'POST' && created !== undefined) {
    // A booking that was refused or released is stored, and told.
    const { booking } = (parseBody(response) ?? {}) as { booking?: unknown }
    return [201, 202].includes(status) || booking !== undefined ? created : undefined
  }
  if (service !== 'order') return undefined
  if (method === 'POST' && isAt(/^\/orders$/)) {
    // An order of an unknown user is stored, and told, when it has a key.
    const { order } = (parseBody(response) ?? {}) as { order?: unknown }
    return [201, 202].includes(status) || order !== undefined ? 'orders' : undefined
  }
  const isChange = (method === 'PATCH' || method === 'DELETE') && isAt(/^\/orders\/[^/]+$/)
  const isKept = [200, 202, 402].includes(status) || storedRefusals.has(code ?? '')
  return isChange && isKept ? 'order_changes' : undefined
}

/** How many are kept to be named again. The first ones stay: they belong to users with money. */
const mostKnown = { user: 60, others: 100, kept: 10 } as const

const remember = ({ known, cast, options }: Context, one: Case, { response }: Sent) => {
  const { method, path } = one
  if (response?.status !== 201 || method !== 'POST') return
  const told = parseBody(response) as { id?: string }
  const { id } = told
  if (id === undefined) return
  const asked = { method, path, body: saidIn(one.body) }
  noteAnswer(options.system.urls.gateway, asked, 201, told)
  const kind = cast.note(asked, id)
  if (kind === undefined) return
  const ids = known.ids[kind]
  ids.push(id)
  const most = kind === 'user' ? mostKnown.user : mostKnown.others
  if (ids.length > most) ids.splice(mostKnown.kept, 1)
}

const send = async (context: Context, one: Case): Promise<Sent> => {
  const sent = await sendCase(context.judge, wireOf(context, one.target), one)
  context.counts.sent += 1
  const status = sent.response?.status ?? 'no answer'
  context.byStatus[status] = (context.byStatus[status] ?? 0) + 1
  remember(context, one, sent)
  await tell(context, one, sent)
  return sent
}

const take = (context: Context, count: number, isWanted: (one: Case) => boolean): Case[] => {
  const { operations, options, known, counts } = context
  const cases: Case[] = []
  while (cases.length < count) {
    const one = createCase(operations, options.seed, counts.index, known)
    counts.index += 1
    if (isWanted(one)) cases.push(one)
  }
  return cases
}

/** Sends requests that must be refused, and compares all rows of all tables before and after. */
const refusedBatch = async (context: Context, cases: readonly Case[]) => {
  const { options, faults, counts } = context
  await untilAtRest(options.system.postgres)
  const before = await fingerprint(options.system.postgres)
  const faultsBefore = faults.length
  await inParallel(cases, async (one) => {
    await send(context, one)
  })
  counts.refused += cases.length
  await untilAtRest(options.system.postgres)
  const after = await fingerprint(options.system.postgres)
  if (after === before || faults.length > faultsBefore) return
  // Sends them again one by one to find the guilty one. Those with keys may change nothing now.
  for (const one of cases) {
    const previous = await fingerprint(options.system.postgres)
    const sent = await sendCase(context.judge, wireOf(context, one.target), one)
    if ((await fingerprint(options.system.postgres)) === previous) continue
    faults.push(`a refused request changed something: ${describeFault(one, sent)}`)
    return
  }
  faults.push(`refused requests changed something, but not once more:\n${before}\n${after}`)
}

/** Sends any requests, and compares the rows with what the answers say. */
const mixedBatch = async (context: Context, cases: readonly Case[]) => {
  const { options, faults } = context
  const before = await countRows(options.system.postgres)
  const faultsBefore = faults.length
  const expected = new Map<string, number>()
  await inParallel(cases, async (one) => {
    const table = storedBy(one, await send(context, one))
    if (table !== undefined) expected.set(table, (expected.get(table) ?? 0) + 1)
  })
  await untilAtRest(options.system.postgres)
  const after = await countRows(options.system.postgres)
  // Making a fault smaller repeats its request, which stores more rows.
  if (faults.length > faultsBefore) return
  for (const table of ['users', 'orders', 'order_changes', ...createdRows.values()]) {
    const more = (after.get(table) ?? 0) - (before.get(table) ?? 0)
    const told = expected.get(table) ?? 0
    if (more !== told)
      faults.push(`${table} has ${more} rows more, but ${told} answers told of one`)
  }
}

const rawBatch = async (context: Context, count: number) => {
  const { options, wires, judge, faults, counts } = context
  const userId = context.victim
  const path = `/billing/accounts/${userId}/deposit`
  const { gateway } = options.system.urls
  const signal = AbortSignal.timeout(answerTimeoutMs)
  const authorization = await authorizationOf(gateway, { method: 'POST', path }, signal)
  const victim = { userId, authorization: authorization ?? '' }
  await untilAtRest(options.system.postgres)
  const before = await fingerprint(options.system.postgres)
  const numbers = Array.from({ length: count }, (_, number) => counts.raw + number)
  await inParallel(numbers, async (number) => {
    const random = createRandom(`${options.seed}/raw/${number}`)
    const raw = createRawCase(random, victim)
    const target = random.pick(serviceNames)
    const { received, isClosed } = await wires.get(target)!.raw(raw.parts, rawAnswerMs)
    let fault: string | undefined
    try {
      fault = judge.rawFault(received, isClosed)
    } catch (error) {
      fault = (error as Error).message
    }
    if (fault !== undefined && faults.length < maxFaults)
      faults.push(describeRaw(raw, target, fault))
  })
  counts.raw += count
  counts.sent += count
  await untilAtRest(options.system.postgres)
  const after = await fingerprint(options.system.postgres)
  if (after !== before) faults.push(`raw bytes changed something:\n${before}\n${after}`)
}

const memoryFaults = (before: Amounts, after: Amounts): string[] =>
  [...after].flatMap(([name, mb]) => {
    const allowed = (before.get(name) ?? 0) * allowedGrowth + allowedGrowthMb
    return mb <= allowed ? [] : [`${name} grew from ${before.get(name)} to ${mb} MB`]
  })

/** A usual client must still be served as usual. */
const healthFaults = async ({ options }: Context): Promise<string[]> => {
  const baseUrl = options.system.urls.gateway
  const actor = createActor({ baseUrl, history: createHistory(), name: 'healthy' })
  try {
    const user = await signUp(actor, 5_000)
    const order = await actor.decided<{ id: string; status: string }>(newOrder(user.id, 1_200))
    const { balance } = await actor.account(user.id)
    const letters = await actor.lettersAbout(order.body.id)
    const found = [order.status, order.body.status, balance, letters.length].join(' ')
    return found === '201 APPROVED 3800 1' ? [] : [`an honest order afterwards came to: ${found}`]
  } catch (error) {
    return [`an honest order afterwards failed: ${(error as Error).message}`]
  }
}

const processFaults = (
  system: AdministeredSystem,
  pids: ReadonlyMap<ServiceName, number | undefined>,
) =>
  system.processes.flatMap((process) => {
    const { service: name } = process
    const log = process.logs()
    if (!process.isRunning() || process.pid() !== pids.get(name))
      return [`${name} ended:\n${log.slice(-2_000)}`]
    // Only errors are logged here, and no request of the fuzzer may cause one.
    return log === '' ? [] : [`${name} logged an error:\n${log.slice(0, 2_000)}`]
  })

const prepare = async (options: FuzzOptions): Promise<Context> => {
  const { system } = options
  const actor = createActor({
    baseUrl: system.urls.gateway,
    history: createHistory(),
    name: 'fuzz',
  })
  const known: Known = {
    ids: { user: [], order: [], company: [], category: [], offer: [], booking: [] },
    keys: [],
  }
  const cast = createCast(known)
  const { ids } = known
  ids.category.push(await someCategory(actor))
  const make = async (request: Request) => {
    const { body } = await actor.decided<{ id: string }>(request)
    const kind = cast.note({ body: undefined, ...request }, body.id)
    if (kind !== undefined) ids[kind].push(body.id)
    return body.id
  }
  for (let count = 0; count < 6; count += 1) {
    const { id: managerId } = await signUp(actor, 100_000_000)
    ids.user.push(managerId)
    await make(newOrder(managerId, 1_000))
  }
  for (const managerId of ids.user.slice(0, 2)) {
    const companyId = await make(newCompany(managerId))
    const startsMs = Date.now() + 100 * hourMs
    const [categoryId = ''] = ids.category
    const offer = { managerId, companyId, categoryId, price: 1_000, startsMs }
    await make(newOffer(offer))
    await make(book(managerId, await make(newOffer(offer))))
  }
  // Their logins are made now, so that none is made while nothing may change.
  for (const as of ['somebody', 'operator']) {
    const signal = AbortSignal.timeout(answerTimeoutMs)
    await authorizationOf(system.urls.gateway, { method: 'GET', path: '/orders', as }, signal)
  }
  const operations = loadOperations()
  return {
    options,
    operations,
    known,
    cast,
    judge: createJudge(createOracle(operations)),
    wires: new Map(
      serviceNames.map((name) => [
        name,
        createSignedWire(system.urls[name], answerTimeoutMs, cast),
      ]),
    ),
    victim: ids.user[0]!,
    faults: [],
    byStatus: {},
    counts: { index: 0, sent: 0, raw: 0, refused: 0 },
  }
}

export const fuzz = async (options: FuzzOptions): Promise<FuzzReport> => {
  const { system, seed, requests, say } = options
  const context = await prepare(options)
  const { judge, operations, known, faults, byStatus, counts, wires } = context
  const pids = new Map(system.processes.map((each) => [each.service, each.pid()]))
  const isRefused = (one: Case) => judge.expectationOf(one) === 'refused'
  const constraints = eachConstraint(operations, seed, known)
  const [broken, odd] = [
    constraints.filter(isRefused),
    constraints.filter((one) => !isRefused(one)),
  ]
  await refusedBatch(context, broken)
  await mixedBatch(context, odd)
  let warm: Amounts | undefined
  let told = 0
  for (let batch = 0; counts.sent < requests && faults.length < maxFaults; batch += 1) {
    const size = Math.min(batchSize, Math.max(requests - counts.sent, 1))
    if (batch % 5 === 1) await rawBatch(context, size)
    else if (batch % 2 === 1) await refusedBatch(context, take(context, size, isRefused))
    // This comes first, so that even a short run sends allowed requests.
    else {
      const isAny = () => true
      await mixedBatch(context, take(context, size, isAny))
    }
    if (warm === undefined && counts.sent > requests * 0.3) warm = await settledRssMb(system)
    for (const fault of faults.slice(told)) say(`- ${fault}`)
    told = faults.length
    say(
      `  ${counts.sent} of ${requests}: ${faults.length} faults, statuses ${JSON.stringify(byStatus)}`,
    )
  }
  const end = await settledRssMb(system)
  if (warm !== undefined) {
    say(`  memory when warm: ${showAmounts(warm, ' MB')}; at the end: ${showAmounts(end, ' MB')}`)
    faults.push(...memoryFaults(warm, end))
  }
  await untilAtRest(system.postgres)
  faults.push(...(await auditFaults(system.postgres, { hasStrangers: true })).slice(0, 5))
  faults.push(...(await healthFaults(context)), ...processFaults(system, pids))
  for (const wire of wires.values()) wire.close()
  const { sent, raw, refused } = counts
  return { faults, sent, raw, refused, constraints: constraints.length, byStatus }
}
