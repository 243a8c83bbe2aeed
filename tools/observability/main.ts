import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { firstDifference } from '../first-difference.ts'
import { projectRoot } from '../run-tool.ts'
import { boards } from './boards.ts'
import { boardFileOf } from './files.ts'
import { dashboardOf } from './panels.ts'
import { scrapeText } from './scrape.ts'

/** The generated files, by their names in the project. The rules are written by hand. */
const files: ReadonlyMap<string, string> = new Map([
  ['observability/prometheus.yml', scrapeText],
  ...boards.map((board): [string, string] => [
    boardFileOf(board),
    `${JSON.stringify(dashboardOf(board), null, 2)}\n`,
  ]),
])

const differences = () =>
  [...files].flatMap(([name, text]) => {
    const path = join(projectRoot, name)
    const found = existsSync(path) ? readFileSync(path, 'utf8') : ''
    return found === text ? [] : [`${name} differs, ${firstDifference(text, found)}`]
  })

/** `npm run observability` writes the boards and the scrape configuration; `--check` compares them. */
if (process.argv.includes('--check')) {
  const found = differences()
  for (const difference of found) console.error(difference)
  if (found.length > 0) {
    console.error('Run `npm run observability`, and then `npm run manifests`.')
    process.exitCode = 1
  } else console.log('The boards and the scrape configuration are up to date.')
} else {
  for (const [name, text] of files) {
    mkdirSync(dirname(join(projectRoot, name)), { recursive: true })
    writeFileSync(join(projectRoot, name), text)
    console.log(`Wrote ${name}`)
  }
}
