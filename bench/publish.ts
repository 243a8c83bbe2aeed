import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fillPage, type Figures } from './lib/page.ts'
import { curvePicture } from './lib/plot.ts'

/**
 * Puts a run into the documents: the figures as they were measured, the page
 * that quotes them, the picture. Without `--check` the newest results are taken
 * that lie in bench/results; with it nothing is written, and the exit code says
 * whether page and picture agree with the figures.
 */
const figuresFile = new URL('../docs/performance.json', import.meta.url)
const pageFile = new URL('../docs/performance.md', import.meta.url)
const pictureFile = new URL('../docs/pictures/bench.svg', import.meta.url)
const resultsFolder = new URL('results/', import.meta.url)

const readText = (file: URL) => readFileSync(file, 'utf8')
const readFigures = () => JSON.parse(readText(figuresFile)) as Figures

interface Document {
  readonly file: URL
  readonly text: string
}

const documentsOf = (figures: Figures): Document[] => [
  { file: pageFile, text: fillPage(readText(pageFile), figures) },
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

/** Only whole runs are quoted: one section alone would leave holes in the page. */
const refuseHoles = ({ bench, profile }: Partial<Figures>): Figures => {
  if (!bench || !profile) throw new Error('run npm run bench and npm run bench:profile first')
  if (bench.curve.length === 0) throw new Error('a run with --only is not for the documents')
  return { bench, profile }
}

export const publish = async (fresh: Partial<Figures>): Promise<void> => {
  const merged = { ...readFiguresIfThere(), ...fresh }
  writeFileSync(figuresFile, `${JSON.stringify(merged, null, 2)}\n`)
  for (const { file, text } of documentsOf(refuseHoles(merged))) writeFileSync(file, text)
}

/** The documents that do not agree with the figures. */
export const staleDocuments = (): string[] =>
  documentsOf(readFigures())
    .filter(({ file, text }) => readText(file) !== text)
    .map(({ file }) => file.pathname.split('/').slice(-2).join('/'))

const newest = (prefix: string): unknown => {
  const name = readdirSync(resultsFolder)
    .filter((each) => each.startsWith(prefix) && each.endsWith('.json'))
    .toSorted()
    .at(-1)
  return name === undefined ? undefined : JSON.parse(readText(new URL(name, resultsFolder)))
}

if (import.meta.main) {
  if (process.argv.includes('--check')) {
    const stale = staleDocuments()
    for (const name of stale) console.error(`${name} does not agree with docs/performance.json`)
    process.exitCode = stale.length === 0 ? 0 : 1
  } else {
    const found = { bench: newest('bench-'), profile: newest('profile-') }
    const given = Object.fromEntries(Object.entries(found).filter(([, value]) => value))
    await publish(given as Partial<Figures>)
  }
}
