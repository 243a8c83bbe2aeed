import { parseArgs } from 'node:util'
import { discover } from './discovery.ts'
import { firstsForPairs, isInTenth, pairJobs, shuffled, singleJobs, type Job } from './jobs.ts'
import { countsByFault, describeFailure, matrix, verdictOf, type Done } from './report.ts'
import { run } from './run.ts'
import { startSystem, type System } from './system.ts'

/** Every crash point: finds them, strikes each with every fault, and judges what is left. */
const usage = `usage: npm run test:crash -- [--pairs] [--tenth] [--seed N] [--only TEXT] [--minutes M] [--lanes N]
               every single fault at every point
  --tenth      and a random tenth of the pairs: a second fault during the recovery from the first
  --pairs      all pairs, or with --tenth a tenth of them, each place struck first only once
  --seed N     chooses the tenth of the pairs and their order
  --only TEXT  only the runs whose name contains the text (of pairs: the name of the first fault)
  --minutes M  starts no run after that time
  --lanes N    how many systems are worked on at once (3)`

const readOptions = () => {
  const { values } = parseArgs({
    options: {
      pairs: { type: 'boolean', default: false },
      tenth: { type: 'boolean', default: false },
      seed: { type: 'string' },
      only: { type: 'string', default: '' },
      minutes: { type: 'string', default: '600' },
      lanes: { type: 'string', default: '3' },
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
    lanes: numberOf('lanes', 3),
  }
}

type Options = ReturnType<typeof readOptions>

const say = (line: string) => void process.stdout.write(`${line}\n`)
const minutesOf = (ms: number) =>
  `${Math.floor(ms / 60_000)}:${`${Math.floor(ms / 1000) % 60}`.padStart(2, '0')}`

const triesPerJob = 3
/** Whether the first fault leads past the place of the second is a matter of milliseconds, at times. */
const pairMissesAllowed = 0.1
const progressEveryMs = 15_000
const maxFailuresShown = 5

/** A point that was missed for a moment's slowness gets another chance; a violation never does. */
const tryJob = async (system: System, job: Job): Promise<Done> => {
  for (let tries = 1; ; tries += 1) {
    const result = await run(system, job)
    const verdict = verdictOf(job, result)
    if (verdict !== 'not reached' || tries === triesPerJob) return { job, verdict, tries, result }
  }
}

const createProgress = (total: () => number, done: readonly Done[]) => {
  const startMs = performance.now()
  const timer = setInterval(() => {
    const elapsedMs = performance.now() - startMs
    const leftMs = (elapsedMs / Math.max(1, done.length)) * (total() - done.length)
    const violated = done.filter(({ verdict }) => verdict === 'violated').length
    const missed = done.filter(({ verdict }) => verdict === 'not reached').length
    say(
      `  ${done.length} of ${total()} runs in ${minutesOf(elapsedMs)}, about ${minutesOf(leftMs)} left: ${violated} violated, ${missed} not reached`,
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

/** Works a list off on all systems at once; what is done may lead to more, which comes next or last. */
const workOff = async (
  { systems, untilMs, isStopped }: Work,
  jobs: readonly Job[],
  leadsTo: (done: Done) => readonly Job[],
  isLast: boolean,
): Promise<{ done: Done[]; left: number }> => {
  const queue = [...jobs]
  const done: Done[] = []
  let shown = 0
  const endProgress = createProgress(() => done.length + queue.length, done)
  const tell = (one: Done) => {
    if (one.verdict === 'kept') return
    shown += 1
    if (shown <= maxFailuresShown) say(describeFailure(one))
    else say(`${one.verdict}: ${one.job.name}: ${one.result.complaints[0] ?? ''}`)
  }
  const worker = async (system: System) => {
    while (!isStopped() && performance.now() < untilMs) {
      const job = queue.shift()
      if (!job) return
      const one = await tryJob(system, job)
      done.push(one)
      if (isLast) queue.push(...leadsTo(one))
      else queue.unshift(...leadsTo(one))
      tell(one)
    }
  }
  await Promise.all(systems.map(worker))
  endProgress()
  return { done, left: queue.length }
}

const conclude = (done: readonly Done[], left: number, missesAllowed = 0): boolean => {
  const of = (verdict: Done['verdict']) => done.filter((one) => one.verdict === verdict).length
  const again = done.filter(({ tries, verdict }) => tries > 1 && verdict === 'kept').length
  say(`\n${countsByFault(done)}`)
  say(
    `\n${done.length} of ${done.length + left} runs: ${of('kept')} kept all invariants, ${of('violated')} violated one, ${of('not reached')} never reached their point (${again} reached it at the second or third try)`,
  )
  if (left > 0) say(`NOT ALL WAS RUN: ${left} runs are missing`)
  return of('violated') === 0 && of('not reached') <= missesAllowed * done.length
}

/** What is run alone, and which of it leads to pairs. */
interface Plan {
  readonly jobs: readonly Job[]
  readonly leadsToPairs: (job: Job) => boolean
  /** Then a limit of time cuts pairs only, which makes their sample smaller and not wrong. */
  readonly arePairsLast: boolean
}

/** Each first fault is run alone, which shows what its recovery visits, and then with each second. */
const runPlan = async (work: Work, { jobs, leadsToPairs, arePairsLast }: Plan) => {
  const { seed, tenth } = work.options
  let possible = 0
  const leadsTo = ({ job, result }: Done) => {
    if (job.strikes.length > 1 || !leadsToPairs(job)) return []
    const pairs = pairJobs(job, result)
    possible += pairs.length
    return tenth ? pairs.filter((pair) => isInTenth(pair, seed)) : pairs
  }
  const { done, left } = await workOff(work, jobs, leadsTo, arePairsLast)
  const alone = done.filter(({ job }) => job.strikes.length === 1)
  const pairs = done.filter(({ job }) => job.strikes.length > 1)
  say(`\n${matrix(alone)}`)
  say(`\none fault: ${alone.length} of ${jobs.length}`)
  const missing = jobs.length - alone.length
  const isKeptAlone = conclude(alone, missing) && (missing === 0 || !arePairsLast)
  if (possible === 0) return isKeptAlone
  say(`\npairs (counted by the second fault): ${pairs.length} of the ${possible} that were met`)
  if (left > missing) say(`the time was too short for ${left - missing} more that were drawn`)
  return conclude(pairs, 0, pairMissesAllowed) && isKeptAlone
}

const startSystems = async (count: number) => {
  const started = await Promise.allSettled(Array.from({ length: count }, startSystem))
  const systems = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  const failed = started.find((one) => one.status === 'rejected')
  if (!failed) return systems
  await Promise.all(systems.map((system) => system.stop()))
  throw failed.reason
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
    const { planned, unsteady, troubles } = await discover(systems, say)
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
    const singles = singleJobs(planned).filter(isWanted)
    const firsts = singleJobs(firstsForPairs(planned)).filter(isWanted)
    const names = new Set(firsts.map(({ name }) => name))
    const leadsToPairs = ({ name }: Job) => (options.pairs || options.tenth) && names.has(name)
    const jobs = options.pairs ? shuffled(firsts, options.seed) : singles
    say(`${jobs.length} runs with one fault`)
    if (options.tenth) say('and a random tenth of the second faults during its recovery')
    else if (options.pairs) say('and every second fault during its recovery')
    const isKept = await runPlan(work, { jobs, leadsToPairs, arePairsLast: !options.pairs })
    say(`seed ${options.seed}, ${minutesOf(performance.now() - startMs)} minutes`)
    return isKept && unsteady.length + troubles.length === 0 && !stopped
  } finally {
    await Promise.all(systems.map((system) => system.stop()))
  }
}

process.exitCode = (await main()) ? 0 : 1
