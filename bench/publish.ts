import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fillPage, pagesWithFigures, type Figures } from './lib/page.ts'
import { curvePicture } from './lib/plot.ts'
import type { BenchResults } from './lib/results.ts'

/**
 * Puts a run into the documents: the measured numbers, the pages that quote them, and the picture.
 * Without `--check` it takes the newest results in bench/results. With it, nothing is written, and
 * the exit code tells whether pages and picture agree with the numbers.
 */
const figuresFile = new URL('../docs/performance.json', import.meta.url)
const pageFile = (name: string) => new URL(`../docs/${name}`, import.meta.url)
const pictureFile = new URL('../docs/pictures/bench.svg', import.meta.url)
const resultsFolder = new URL('results/', import.meta.url)

const readText = (file: URL) => readFileSync(file, 'utf8')
const readFigures = () => JSON.parse(readText(figuresFile)) as Figures

interface Document {
  readonly file: URL
  readonly text: string
}

const documentsOf = (figures: Figures): Document[] => [
  ...pagesWithFigures.map((name) => {
    const file = pageFile(name)
    return { file, text: fillPage(name, readText(file), figures) }
  }),
  { file: pictureFile, text: curvePicture(figures.bench) },
]

const readFiguresIfThere = (): Partial<Figures> => {
  try {
    return readFigures()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw error
  }
}

const missingRun = `run these first:
  npm run bench
  npm run bench -- --only=memory --soak=600
  npm run bench:profile`

const refuseHoles = ({ bench, soak, profile }: Partial<Figures>): Figures => {
  if (!bench || !soak || !profile) throw new Error(missingRun)
  return { bench, soak, profile }
}

/** Every section was measured in full: a part of a run would leave holes in the page. */
const isWhole = ({ mode, curve, rows }: BenchResults) =>
  mode === 'full' && curve.length > 0 && rows.some(({ id }) => id === 'start')

/** It watched memory long enough to tell whether it grows. */
const isSoak = ({ rows }: BenchResults) =>
  rows.some(({ id, verdict }) => id === 'memory-growth' && verdict !== 'not judged')

/** The part of a run that the documents may quote. */
export const quotable = (results: BenchResults): Partial<Figures> => ({
  ...(isWhole(results) ? { bench: results } : {}),
  ...(isSoak(results) ? { soak: results } : {}),
})

export const publish = async (fresh: Partial<Figures>): Promise<void> => {
  const merged = { ...readFiguresIfThere(), ...fresh }
  writeFileSync(figuresFile, `${JSON.stringify(merged, null, 2)}\n`)
  for (const { file, text } of documentsOf(refuseHoles(merged))) writeFileSync(file, text)
}

/** The documents that do not agree with the numbers. */
export const staleDocuments = (): string[] =>
  documentsOf(readFigures())
    .filter(({ file, text }) => readText(file) !== text)
    .map(({ file }) => file.pathname.split('/').slice(-2).join('/'))

const resultsOf = <Results>(prefix: string): Results[] =>
  readdirSync(resultsFolder)
    .filter((each) => each.startsWith(prefix) && each.endsWith('.json'))
    .toSorted()
    .map((name) => JSON.parse(readText(new URL(name, resultsFolder))) as Results)

/** The newest run of each kind in bench/results. Without one, the committed numbers stay. */
const newest = (): Partial<Figures> => {
  if (!existsSync(resultsFolder)) return {}
  const profile = resultsOf<Figures['profile']>('profile-').at(-1)
  const runs = resultsOf<BenchResults>('bench-').map(quotable)
  return Object.assign({}, ...runs, profile ? { profile } : {}) as Partial<Figures>
}

if (import.meta.main) {
  if (process.argv.includes('--check')) {
    const stale = staleDocuments()
    for (const name of stale) console.error(`${name} does not agree with docs/performance.json`)
    process.exitCode = stale.length === 0 ? 0 : 1
  } else {
    await publish(newest())
  }
}
