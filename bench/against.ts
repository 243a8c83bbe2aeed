import { parseArgs } from 'node:util'
import { projectFolder } from '../src/local/postgres/data-folder.ts'
import { clientsOf, reportOf, type Pair, type Turn } from './lib/against-report.ts'
import { checkOut, findCommit, startCheckout, type RunningCheckout } from './lib/checkout.ts'
import type { LoopResult } from './lib/closed-loop.ts'
import { startWorker, type Worker } from './lib/ipc.ts'
import { createScreen, type BenchScreen } from './lib/screen.ts'
import { withStops, type Stop } from './lib/stops.ts'
import type { LoadJob } from './load-client.ts'

/**
 * `npm run bench:against -- <commit>`: compares this checkout with another commit on one machine.
 * Both are loaded in turn, so that a slow minute hits both. The result is the ratio. With its own
 * commit, it shows how much is noise.
 */
const usage = `usage: npm run bench:against -- <commit> [--clients=64,1] [--turns=10] [--seconds=2] [--warm=20]
  <commit>     what to compare this checkout with, its uncommitted changes included
  --clients    how many clients order at once; a run for each number
  --turns      how often each of the two is loaded
  --seconds    how long a turn lasts
  --warm       seconds of load before anything is measured; under ten, compilers are still at work`

interface Wanted {
  readonly commit: string
  readonly clients: readonly number[]
  readonly turns: number
  readonly seconds: number
  readonly warm: number
}

class UsageError extends Error {}

const readArguments = (): Wanted => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      clients: { type: 'string', default: '64,1' },
      turns: { type: 'string', default: '10' },
      seconds: { type: 'string', default: '2' },
      warm: { type: 'string', default: '20' },
    },
  })
  const [commit, ...others] = positionals
  const clients = values.clients.split(',').map(Number)
  const turns = Number(values.turns)
  const seconds = Number(values.seconds)
  const warm = Number(values.warm)
  const areRight = [...clients, turns, seconds, warm + 1].every((number) => number > 0)
  if (commit === undefined || others.length > 0 || !areRight) throw new UsageError(usage)
  return { commit, clients, turns, seconds, warm }
}

const load = async (
  worker: Worker,
  { baseUrl, userIds, authorizations }: RunningCheckout,
  clients: number,
  seconds: number,
): Promise<LoopResult> => {
  const shown = await authorizations()
  const job: LoadJob = {
    kind: 'order',
    baseUrl,
    userIds,
    ...(shown === undefined ? {} : { authorizations: shown }),
    accounts: 0,
    storedOrders: 0,
    clients,
    seconds,
    warmUpSeconds: 0,
  }
  return worker.ask<LoopResult>('run', job, (seconds + 60) * 1_000)
}

const takeTurn = async (
  worker: Worker,
  system: RunningCheckout,
  clients: number,
  seconds: number,
): Promise<Turn> => {
  // Whoever has to sign in again does it now, not while the turn is measured.
  await system.authorizations()
  const before = system.cpuMicros()
  const result = await load(worker, system, clients, seconds)
  const after = system.cpuMicros()
  const { perSecond, p50Ms, p99Ms, firstFailure } = result
  if (firstFailure !== undefined) throw new Error(`${system.name}: ${firstFailure}`)
  const cpuMicros = Object.fromEntries(
    Object.entries(after).map(([name, micros]) => [
      name,
      (micros - (before[name] ?? 0)) / Math.max(1, result.succeeded),
    ]),
  )
  return { perSecond, p50Ms, p99Ms, cpuMicros }
}

interface Rivals {
  readonly here: RunningCheckout
  readonly there: RunningCheckout
  readonly worker: Worker
}

const startRivals = async (commit: string, screen: BenchScreen, stops: Stop[]): Promise<Rivals> => {
  screen.now(`checking out ${commit} and installing what it needs`)
  const found = await findCommit(commit)
  if (found === undefined) throw new UsageError(`there is no commit ${commit} here`)
  const folder = await checkOut(found, stops)
  screen.now('starting both')
  const there = await startCheckout(commit, folder, stops)
  const here = await startCheckout('here', projectFolder, stops)
  const worker = startWorker(new URL('load-client.ts', import.meta.url))
  stops.push(worker.stop)
  return { here, there, worker }
}

const warmUp = async ({ here, there, worker }: Rivals, { clients, warm }: Wanted) => {
  for (const count of clients) {
    for (const system of [there, here, there, here]) await load(worker, system, count, warm / 2)
  }
}

/** The order changes, so that neither always runs after the other. */
const takePair = async (
  { here, there, worker }: Rivals,
  index: number,
  clients: number,
  seconds: number,
): Promise<Pair> => {
  const turnOf = (system: RunningCheckout) => takeTurn(worker, system, clients, seconds)
  if (index % 2 === 0) return { there: await turnOf(there), here: await turnOf(here) }
  return { here: await turnOf(here), there: await turnOf(there) }
}

const measure = async (wanted: Wanted, screen: BenchScreen, stops: Stop[]) => {
  const { commit, turns, seconds } = wanted
  const rivals = await startRivals(commit, screen, stops)
  screen.now('warming up')
  await warmUp(rivals, wanted)
  for (const clients of wanted.clients) {
    const pairs: Pair[] = []
    for (let index = 0; index < turns; index += 1) {
      screen.now(`${clientsOf(clients)}, turn ${index + 1} of ${turns}`)
      pairs.push(await takePair(rivals, index, clients, seconds))
    }
    for (const line of reportOf(clients, pairs, commit)) screen.line(line)
    screen.line()
  }
}

const main = async () => {
  const wanted = readArguments()
  const screen = createScreen()
  await withStops((stops) => measure(wanted, screen, stops).finally(screen.end))
}

await main().catch((error: unknown) => {
  if (!(error instanceof UsageError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
})
