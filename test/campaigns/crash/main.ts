import { parseArgs } from 'node:util'
import { auditBooks, booksComplaint } from '../../judge/books.ts'
import { discover } from './discovery.ts'
import {
  createPacks,
  firstsForPairs,
  isInTenth,
  pairJobs,
  sampledJobs,
  shuffled,
  singleJobs,
  type Job,
} from './jobs.ts'
import {
  countsByFault,
  describeMiss,
  describeViolation,
  judge,
  matrix,
  type Done,
} from './report.ts'
import { run, type RunResult } from './run.ts'
import { scenarios } from './scenarios.ts'
import { startSystem, times, type System } from './system.ts'

/** Finds every crash point, strikes each one with every fault, and judges the result. */
const usage = `usage: npm run test:crash -- [--sample] [--pairs | --tenth] [--seed N] [--only TEXT] [--scenario NAME] [--alone] [--minutes M] [--lanes N]
               every single fault at every point
  --sample     instead each fault once at each place, in normal work and in recovery, at a random visit
  --pairs      then all pairs: a second fault during the recovery from the first
  --tenth      then a random tenth of the pairs
  --seed N     chooses the sample, the tenth of the pairs and their order
  --only TEXT  only the faults whose name contains the text (of pairs: the name of the first)
  --scenario NAME  only the faults of one scenario: ${scenarios.map(({ name }) => name).join(', ')}
  --alone      each in a run of its own; otherwise faults of different steps share one
  --minutes M  starts no run after that time; by then a third of a sample must be done, or everything without one
  --lanes N    how many systems are worked on at once (6)`

const readOptions = () => {
  const { values } = parseArgs({
    options: {
      sample: { type: 'boolean', default: false },
      pairs: { type: 'boolean', default: false },
      tenth: { type: 'boolean', default: false },
      seed: { type: 'string' },
      only: { type: 'string', default: '' },
      scenario: { type: 'string' },
      alone: { type: 'boolean', default: false },
      minutes: { type: 'string', default: '600' },
      lanes: { type: 'string', default: '6' },
      help: { type: 'boolean', default: false },
    },
  })
  const numberOf = (name: 'seed' | 'minutes' | 'lanes', otherwise: number) => {
    const value = values[name] === undefined ? otherwise : Number(values[name])
    if (!(value > 0)) throw new Error(`--${name} must be a number above 0\n${usage}`)
    return value
  }
  return {
    ...values,
    seed: numberOf('seed', 1 + Math.floor(Math.random() * 1e6)),
    minutes: numberOf('minutes', 600),
    lanes: numberOf('lanes', 6),
  }
}

type Options = ReturnType<typeof readOptions>

const say = (line: string) => void process.stdout.write(`${line}\n`)
const minutesOf = (ms: number) =>
  `${Math.floor(ms / 60_000)}:${`${Math.floor(ms / 1000) % 60}`.padStart(2, '0')}`

const triesPerJob = 3
const jobsPerRun = 6
/** Milliseconds may decide whether the first fault leads past the place of the second one. */
const pairMissesAllowed = 0.1
/** A slow machine may leave out a part of a sample, which is in random order. Less says too little. */
const leastOfSample = 1 / 3
const progressEveryMs = 15_000
const maxFailuresShown = 5

const isMissed = ({ verdict }: Done) => verdict === 'not reached'

const createProgress = (total: number, done: ReadonlyMap<string, Done>) => {
  const startMs = performance.now()
  const timer = setInterval(() => {
    const elapsedMs = performance.now() - startMs
    const all = [...done.values()]
    const leftMs = (elapsedMs / Math.max(1, all.length)) * (total - all.length)
    const violated = all.filter(({ verdict }) => verdict === 'violated').length
    const missed = all.filter(isMissed).length
    say(
      `  ${all.length} of ${total} in ${minutesOf(elapsedMs)}, about ${minutesOf(leftMs)} left: ${violated} violated, ${missed} to be tried again`,
    )
  }, progressEveryMs)
  return () => clearInterval(timer)
}

interface Work {
  readonly systems: readonly System[]
  readonly options: Options
  readonly untilMs: number
  readonly isStopped: () => boolean
}

/** Works packs off on all systems at once. */
const runPacks = async (
  { systems, untilMs, isStopped }: Work,
  packs: ReturnType<typeof createPacks>,
  tell: (jobs: readonly Job[], result: RunResult) => void,
) => {
  const worker = async (system: System) => {
    while (packs.left() > 0 && !isStopped() && performance.now() < untilMs) {
      const pack = packs.next()
      tell(pack, await run(system, pack))
    }
  }
  await Promise.all(systems.map(worker))
}

/**
 * Works a list off, several jobs in a run. A job that missed its point gets two more chances,
 * because slowness may be the reason, the last one alone. A violation never does.
 */
const workOff = async (
  work: Work,
  jobs: readonly Job[],
): Promise<{ done: Done[]; left: number }> => {
  const done = new Map<string, Done>()
  const endProgress = createProgress(jobs.length, done)
  let violatedRuns = 0
  let waiting = jobs
  for (let tries = 1; tries <= triesPerJob && waiting.length > 0; tries += 1) {
    const isAlone = work.options.alone || tries === triesPerJob
    const packs = createPacks(waiting, isAlone ? 1 : jobsPerRun)
    await runPacks(work, packs, (pack, result) => {
      for (const one of judge(pack, result, tries)) done.set(one.job.name, one)
      if (result.complaints.length === 0) return
      violatedRuns += 1
      say(describeViolation(pack, result, violatedRuns <= maxFailuresShown))
    })
    waiting = [...done.values()].filter(isMissed).map(({ job }) => job)
  }
  endProgress()
  // A job that missed and got no second chance, because the time was over, counts as not run.
  const all = [...done.values()].filter((one) => !isMissed(one) || one.tries === triesPerJob)
  for (const one of all.filter(isMissed)) say(describeMiss(one))
  return { done: all, left: jobs.length - all.length }
}

const conclude = (done: readonly Done[], left: number, missesAllowed = 0): boolean => {
  const of = (verdict: Done['verdict']) => done.filter((one) => one.verdict === verdict).length
  const again = done.filter(({ tries, verdict }) => tries > 1 && verdict === 'kept').length
  say(`\n${countsByFault(done)}`)
  say(
    `\n${done.length} of ${done.length + left}: ${of('kept')} kept all invariants, ${of('violated')} violated one, ${of('not reached')} never reached their point (${again} reached it at the second or third try)`,
  )
  if (left > 0) say(`NOT ALL WAS RUN: ${left} are missing`)
  return of('violated') === 0 && of('not reached') <= missesAllowed * done.length
}

/** Runs each fault alone, which shows what its recovery visits. */
const runSingles = async (work: Work, jobs: readonly Job[], possible: number) => {
  const drawn = work.options.sample
    ? `, each once at each place in normal work and in recovery; seed ${work.options.seed} drew which visit`
    : ''
  say(`${jobs.length} of the ${possible} single faults that are possible${drawn}`)
  const { sample, seed } = work.options
  const { done, left } = await workOff(work, sample ? shuffled(jobs, seed) : jobs)
  say(`\n${matrix(done)}`)
  const isKept = conclude(done, left)
  const isEnough = sample ? done.length >= jobs.length * leastOfSample : left === 0
  return { done, isKept: isKept && isEnough }
}

/** Runs each with a second fault during the recovery: all pairs, or a random tenth. */
const runPairs = async (work: Work, firsts: readonly Done[]): Promise<boolean> => {
  const { seed, tenth } = work.options
  const possible = firsts.flatMap(({ job, outcome }) => pairJobs(job, outcome.pointsAfterFault))
  const wanted = tenth ? possible.filter((pair) => isInTenth(pair, seed)) : possible
  say(`\n${wanted.length} of the ${possible.length} pairs that are possible`)
  const { done, left } = await workOff(work, shuffled(wanted, seed))
  say('\npairs, counted by the second fault:')
  return conclude(done, left, pairMissesAllowed)
}

const scenariosIn = ({ scenario: wanted }: Options) => {
  const found = scenarios.filter(({ name }) => wanted === undefined || name === wanted)
  if (found.length === 0) throw new Error(`there is no scenario ${wanted}\n${usage}`)
  return found
}

/** What all runs of each system left behind. */
const bookComplaints = async (systems: readonly System[]): Promise<string[]> => {
  const looked = systems.map(({ databases }) => auditBooks(databases, { leaseMs: times.LEASE_MS }))
  return (await Promise.all(looked)).flatMap((verdict) => booksComplaint(verdict) ?? [])
}

/** One after the other: all at once keep a slow machine so busy that no database answers in time. */
const startSystems = async (count: number) => {
  const systems: System[] = []
  try {
    while (systems.length < count) systems.push(await startSystem())
    return systems
  } catch (error) {
    await Promise.all(systems.map((system) => system.stop()))
    throw error
  }
}

const main = async (): Promise<boolean> => {
  const options = readOptions()
  if (options.help) {
    say(usage)
    return true
  }
  const startMs = performance.now()
  let stopped = false
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      say(`${signal}: no more runs are begun`)
      stopped = true
    })
  }
  say(`seed ${options.seed}`)
  const systems = await startSystems(options.lanes)
  try {
    say('looking for the points')
    const { planned, unsteady, troubles } = await discover({
      systems,
      scenarios: scenariosIn(options),
      say,
      isStopped: () => stopped,
    })
    say(`${planned.length} points`)
    for (const name of unsteady) say(`  visited, but never reliably: ${name}`)
    for (const trouble of troubles) say(`VIOLATED  ${trouble}`)
    const work: Work = {
      systems,
      options,
      untilMs: startMs + options.minutes * 60_000,
      isStopped: () => stopped,
    }
    const isWanted = ({ name }: Job) => name.includes(options.only)
    const wantsPairs = options.pairs || options.tenth
    const possible = singleJobs(planned).filter(isWanted)
    const singles = options.sample ? sampledJobs(planned, options.seed).filter(isWanted) : possible
    const { done, isKept: isKeptAlone } = await runSingles(work, singles, possible.length)
    const firsts = new Set(singleJobs(firstsForPairs(planned)).map(({ name }) => name))
    const leading = options.sample ? done : done.filter(({ job }) => firsts.has(job.name))
    const isKept = (!wantsPairs || (await runPairs(work, leading))) && isKeptAlone
    const books = await bookComplaints(systems)
    for (const complaint of books) say(`VIOLATED  ${complaint}`)
    say(`seed ${options.seed}, ${minutesOf(performance.now() - startMs)} minutes`)
    return isKept && books.length === 0 && unsteady.length + troubles.length === 0 && !stopped
  } finally {
    await Promise.all(systems.map((system) => system.stop()))
  }
}

process.exitCode = (await main()) ? 0 : 1
