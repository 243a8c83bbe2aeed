import { parseArgs } from 'node:util'
import { createHistory, type History } from '../../judge/history.ts'
import { untilAtRest } from '../../judge/audit.ts'
import { auditBooks, booksComplaint } from '../../judge/books.ts'
import { checkInvariants } from '../../judge/invariants.ts'
import { linesWithAddresses } from '../../lab/marked-person.ts'
import { startOwnSystem, type OwnSystem } from '../../lab/system.ts'
import { prepareClients, repeatSettled } from './clients.ts'
import { createInjector, type Struck } from './injector.ts'
import { describePlanned, drawPlan, replicas, type Planned } from './plan.ts'
import { createRandom, type Random } from '../../lab/random.ts'
import { countKinds, countRequests, showKinds, showRequests, showUnknowns } from './report.ts'

/**
 * Random runs: many clients, two processes of each service, and a link between any two of them that
 * can fail. After the faults, a check that nothing was lost or doubled.
 */
const usage = `usage: npm run test:chaos -- [--seed N] [--minutes M] [--clients C] [--plan] [--log LEVEL]
  --seed     repeats the plan of faults of an earlier run; random when missing
  --minutes  how long faults strike, 2 when missing
  --clients  how many clients are at work, 12 when missing
  --plan     shows the plan, and runs nothing
  --log      the services' log level; a run that fails shows the end of their logs`

/** Short, so that many leases end in a minute, and keys are read while identity is away. */
const timing = {
  KEY_REFRESH_MS: 2_000,
  KEY_COOLDOWN_MS: 500,
  CALL_TIMEOUT_MS: 500,
  REQUEST_BUDGET_MS: 1_000,
  LETTER_BUDGET_MS: 500,
  LEASE_MS: 2_500,
  RECOVERY_INTERVAL_MS: 300,
  STATEMENT_TIMEOUT_MS: 2_000,
  /** Faults last as long, so that many payments come too late. */
  HOLD_MS: 2_500,
} as const

const recoverWithinMs = 30_000
const progressIntervalMs = 5_000
const mostRepeats = 400
/** Time to start, get the last answers and check everything. A run that takes longer hangs. */
const marginMs = 240_000

const say = (line: string) => process.stdout.write(`${line}\n`)

const positive = (text: string, name: string) => {
  const value = Number(text)
  if (Number.isFinite(value) && value > 0) return value
  throw new Error(`--${name} must be a number above 0\n${usage}`)
}

const readOptions = () => {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string' },
      minutes: { type: 'string', default: '2' },
      clients: { type: 'string', default: '12' },
      plan: { type: 'boolean', default: false },
      log: { type: 'string', default: 'error' },
    },
  })
  return {
    seed: positive(values.seed ?? String(1 + Math.floor(Math.random() * 999_999)), 'seed'),
    minutes: positive(values.minutes, 'minutes'),
    clients: positive(values.clients, 'clients'),
    showsPlan: values.plan,
    logLevel: values.log,
  }
}

type Options = ReturnType<typeof readOptions>

const showProgress = (history: History, struck: readonly Struck[], startMs: number) => {
  const timer = setInterval(() => {
    const { sent, unknown } = countRequests(history.exchanges)
    const seconds = Math.round((performance.now() - startMs) / 1_000)
    say(`  ${seconds} s: ${struck.length} faults over, ${sent} requests, ${unknown} unknown`)
  }, progressIntervalMs)
  return () => clearInterval(timer)
}

interface Run {
  readonly system: OwnSystem
  readonly plan: readonly Planned[]
  readonly random: Random
  readonly options: Options
}

/** Runs faults and clients together. The complaints tell what went wrong besides the invariants. */
const storm = async ({ system, plan, random, options }: Run) => {
  const history = createHistory()
  const complaints: string[] = []
  const injector = createInjector({
    system,
    plan,
    history,
    onOwnDeath: (name, logs) => {
      history.mark(`${name} ended by itself`)
      complaints.push(`${name} ended by itself:\n${logs.slice(-3_000)}`)
    },
  })
  const ending = new AbortController()
  const live = await prepareClients({
    baseUrl: system.urls.gateway,
    history,
    random,
    count: options.clients,
    stormMs: options.minutes * 60_000,
    ending: ending.signal,
  })
  const stopProgress = showProgress(history, injector.struck, performance.now())
  try {
    const clients = live()
    const faults = injector.run().finally(() => ending.abort())
    // Clients end after the faults. If they end before, they have a defect.
    await Promise.race([faults, clients])
    const { givenUp } = await clients
    if (givenUp > 0) complaints.push(`${givenUp} requests were never answered`)
    return { history, complaints, struck: injector.struck }
  } finally {
    ending.abort()
    stopProgress()
  }
}

const judge = async ({ system, random }: Run, history: History) => {
  history.mark('all faults are over')
  const restMs = await untilAtRest(system.postgres, recoverWithinMs)
  say(`nothing is pending or owed ${(restMs / 1_000).toFixed(1)} s after the last fault`)
  const baseUrl = system.urls.gateway
  const repeated = await repeatSettled({ baseUrl, history, random }, mostRepeats)
  say(`${repeated} answers of the storm were asked for once more`)
  const facts = await checkInvariants(system, history, {
    withinMs: recoverWithinMs,
  })
  const complaint = booksComplaint(await auditBooks(system.databases, { leaseMs: timing.LEASE_MS }))
  if (complaint !== undefined) throw new Error(complaint)
  const count = (name: 'orders' | 'bookings' | 'operations' | 'letters') =>
    facts.users.reduce((sum, user) => sum + user[name].length, 0)
  say(
    `all invariants hold for ${facts.users.length} users, ${count('orders')} orders, ${count('bookings')} bookings, ${facts.offers.length} offers, ${count('operations')} operations, ${count('letters')} letters`,
  )
}

const portTries = 3

/** Another program may take a free port before our process does. */
const startSomewhere = async (logLevel: string): Promise<OwnSystem> => {
  const env = { ...timing, LOG_LEVEL: logLevel }
  for (let tries = 1; ; tries += 1) {
    try {
      return await startOwnSystem({ replicas: replicas.length, env, link: () => ({}) })
    } catch (error) {
      if (tries === portTries || !String(error).includes('is taken')) throw error
    }
  }
}

const runAll = async (options: Options, plan: readonly Planned[]): Promise<string[]> => {
  let system: OwnSystem | undefined
  const abandon = async (reason: string) => {
    say(reason)
    await system?.close()
    process.exit(1)
  }
  const seconds = options.minutes * 60 + marginMs / 1_000
  const watchdog = setTimeout(
    () => void abandon(`not done after ${seconds} s: it hangs`),
    seconds * 1_000,
  )
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void abandon(`stopped by ${signal}`))
  }
  try {
    system = await startSomewhere(options.logLevel)
    const run: Run = { system, plan, random: createRandom(options.seed), options }
    const { history, complaints, struck } = await storm(run)
    const counts = countKinds(struck)
    const { exchanges } = history
    say(`\n${showKinds(counts)}\n\n${showRequests(countRequests(exchanges))}`)
    say(showUnknowns(exchanges))
    try {
      await judge(run, history)
    } catch (error) {
      complaints.unshift((error as Error).message)
      for (const { name, logs } of system.processes) {
        if (logs() !== '')
          complaints.push(`the end of the log of ${name}:\n${logs().slice(-2_000)}`)
      }
    }
    for (const { name, logs } of system.processes) {
      const telling = linesWithAddresses(logs())
      if (telling.length > 0) complaints.push(`the log of ${name} names people:\n${telling[0]}`)
    }
    const missed = counts.filter((count) => count.struck === 0).map(({ kind }) => kind)
    if (missed.length > 0) complaints.push(`these faults never struck: ${missed.join(', ')}`)
    return complaints
  } finally {
    clearTimeout(watchdog)
    await system?.close()
  }
}

const describe = (error: unknown) =>
  error instanceof Error ? (error.stack ?? error.message) : String(error)

const main = async () => {
  const options = readOptions()
  const random = createRandom(options.seed)
  const totalMs = options.minutes * 60_000
  const plan = drawPlan(random, { leaseMs: timing.LEASE_MS, totalMs })
  const startMs = performance.now()
  say(`seed ${options.seed}, ${options.minutes} minutes, ${plan.length} faults`)
  if (options.showsPlan) return say(plan.map(describePlanned).join('\n'))
  const complaints = await runAll(options, plan).catch((error: unknown) => [describe(error)])
  const seconds = Math.round((performance.now() - startMs) / 1_000)
  if (complaints.length > 0) {
    say(`\n${complaints.join('\n\n')}\n`)
    say(`FAILED with seed ${options.seed} after ${seconds} s`)
    process.exit(1)
  }
  say(`passed with seed ${options.seed} in ${seconds} s`)
  process.exit(0)
}

main().catch((error: unknown) => {
  say(describe(error))
  process.exit(1)
})
