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
  'test/house/study-is-true',
  'test/launcher/who-gets-in',
  'test/house/booking-is-as-drawn',
  'test/guarantees/logs-name-nobody',
  'src/services/order/recovery',
  'test/guarantees/plans',
  'test/contract/swagger-ui-sign-in',
  'test/contract/swagger-ui',
  'test/guarantees/issuer-faults',
  'src/services/user/recovery',
  'test/guarantees/limits',
  'src/platform/http/observer',
  'src/services/order/owed-accounts',
  'src/platform/database/migrate',
  'src/services/billing/deposit-letters',
  'src/services/identity/keys',
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

export default defineConfig(({ mode }) => ({
  test: {
    include: mode === 'tools' ? [needTools] : ['src/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, ...(mode === 'tools' ? [] : [needTools])],
    globalSetup: ['test/lab/global-postgres.ts'],
    setupFiles: ['test/lab/drizzle-loading.ts', 'test/lab/after-file.ts'],
    // Processes of their own: a test that kills things, or changes a signal's meaning, stays alone.
    pool: 'forks',
    // Each worker has real servers at its side, which wait a third of the time; more workers
    // than this only make everything slower.
    maxWorkers: 3,
    testTimeout: 20_000,
    hookTimeout: 60_000,
    teardownTimeout: 15_000,
    sequence: { sequencer: LongestFirst },
  },
}))
