import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { configDefaults, defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Whole-system tests take longest: begun first, they leave no core idle at the end. */
const lengths = [/\/test\/campaigns\//, /\/test\//]

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const rank = ({ moduleId }: TestSpecification) => {
      const found = lengths.findIndex((pattern) => pattern.test(moduleId))
      return found < 0 ? lengths.length : found
    }
    return sorted.toSorted((one, other) => rank(one) - rank(other))
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
