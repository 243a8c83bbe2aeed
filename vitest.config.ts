import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { configDefaults, defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/**
 * These take longest for what they work: they wait for time-outs, leases and browsers. Begun early
 * beside the busy ones, they cost little; at the end, the processors would idle beside them.
 */
const waiting = [
  'src/services/user/recovery',
  'test/guarantees/plans',
  'test/guarantees/limits',
  'src/platform/http/observer',
  'src/services/order/recovery',
  'test/guarantees/who-gets-in',
  'test/guarantees/issuer-faults',
  'test/guarantees/batch-equals-one-by-one',
  'src/services/identity/keys',
  'src/services/order/owed-accounts',
  'src/services/billing/deposit-letters',
  'src/platform/database/migrate',
  'src/services/booking/recovery',
  'src/services/order/metrics',
].map((name) => `/${name}.test.ts`)

const gone = waiting.filter((name) => !existsSync(join(import.meta.dirname, name)))
if (gone.length > 0) throw new Error(`there are no such tests any more: ${gone.join(', ')}`)

/** Whole-system tests keep both processors busy for half a minute each; tests of one file do not. */
const busy = [/\/test\/campaigns\//, /\/test\/(guarantees|launcher)\//, /\/test\//]

/** One that waits beside two that work. */
const workingPerWaiting = 2

/** What takes long begins first, so that no worker runs alone at the end. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const placeIn = ({ moduleId }: TestSpecification) =>
      waiting.findIndex((name) => moduleId.endsWith(name))
    const rank = ({ moduleId }: TestSpecification) => {
      const found = busy.findIndex((pattern) => pattern.test(moduleId))
      return found < 0 ? busy.length : found
    }
    const working = sorted
      .filter((file) => placeIn(file) < 0)
      .toSorted((one, other) => rank(one) - rank(other))
    const others = sorted
      .filter((file) => placeIn(file) >= 0)
      .toSorted((one, other) => placeIn(one) - placeIn(other))
    const rounds = others.map((file, round) => [
      file,
      ...working.slice(round * workingPerWaiting, (round + 1) * workingPerWaiting),
    ])
    return [...rounds.flat(), ...working.slice(others.length * workingPerWaiting)]
  }
}

// The services that tests start compile their code once, not once for each process.
process.env['NODE_COMPILE_CACHE'] ??= join(tmpdir(), 'orderly-compile-cache')

/** They run programs that npm does not bring: `npm run test:tools`. */
const needTools = '**/*.tools.test.ts'

/** Of these `npm test` runs one where its tool is there, and says so where it is not. */
const withPromtool = 'test/house/observability.tools.test.ts'

const promtoolTests = () => {
  if (spawnSync('promtool', ['--version']).status === 0) return [withPromtool]
  process.stderr.write(
    'promtool is not here: alerts and rules are not tested (apt install prometheus)\n',
  )
  return []
}

/**
 * Tests that leave the process they run in as it was. A worker runs many of them, one after the other, and imports the
 * services' code once for all: that takes a second of CPU, often more than the tests of a file.
 * What a file made is removed when it ends, as everywhere.
 */
const inWorker = [
  'src/{clients,platform,services}/**/*.test.ts',
  'test/judge/**/*.test.ts',
  'test/contract/{bad-input,cors,gateway-issuer,gateway-routes,http-rules,public-hosts}.test.ts',
  'test/guarantees/{gateway-failures,listed-values,lost-answers,races-on-one-key}.test.ts',
]

/** It replaces a module of Node, which code that was loaded before would not notice. */
const replacing = ['src/services/gateway/static-files.test.ts']

/** Campaigns in a short form, and what waits long. CI runs them: `npm run test:campaigns`. */
const campaigns = '**/*.campaign.test.ts'

/** What another command than `npm test` runs, by the mode that it sets. */
const modes: Readonly<Record<string, string>> = {
  tools: needTools,
  campaigns,
  // Pictures are taken in tests of both kinds.
  screenshots: 'test/{contract,launcher}/**/*.test.ts',
}

const others = [...configDefaults.exclude, campaigns]
const never = [...others, needTools]

const ofEach = {
  setupFiles: ['test/lab/drizzle-loading.ts', 'test/lab/after-file.ts'],
  pool: 'forks' as const,
  // A slow machine takes four times as long as a quick one.
  testTimeout: 40_000,
  hookTimeout: 60_000,
}

const projects = () => [
  {
    test: {
      ...ofEach,
      // Processes of their own: a test that kills things, or changes a signal's meaning, stays alone.
      name: 'alone',
      include: ['{src,test}/**/*.test.ts'],
      exclude: [...never, ...inWorker],
    },
  },
  { test: { ...ofEach, name: 'replacing', include: replacing } },
  { test: { ...ofEach, name: 'promtool', include: promtoolTests(), exclude: others } },
  {
    test: {
      ...ofEach,
      name: 'in-worker',
      isolate: false,
      include: inWorker,
      exclude: [...never, ...replacing],
    },
  },
]

const ofMode = (only: string | undefined) =>
  only === undefined ? { projects: projects() } : { ...ofEach, include: [only] }

export default defineConfig(({ mode }) => ({
  test: {
    globalSetup: ['test/lab/global-postgres.ts'],
    // Each worker has real servers at its side, which wait a third of the time. More workers than this
    // make everything slower on two cores, and tests late that watch the clock.
    maxWorkers: 3,
    teardownTimeout: 15_000,
    sequence: { sequencer: LongestFirst },
    ...ofMode(modes[mode]),
  },
}))
