import { glob } from 'node:fs/promises'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { projectRoot, runTool } from './run-tool.ts'

/**
 * Runs the import rules and checks that they were really applied: with an unknown compiler,
 * dependency-cruiser reads nothing, finds nothing wrong and exits with 0. So every source file must
 * be among the files that it read, and it must have found imports.
 */
interface Violation {
  readonly from: string
  readonly to: string
  readonly rule: { readonly name: string; readonly severity: string }
  readonly cycle?: readonly { readonly name: string }[]
}

interface CruiseResult {
  readonly modules: readonly { readonly source: string }[]
  readonly summary: {
    readonly violations: readonly Violation[]
    readonly totalDependenciesCruised?: number
  }
}

export interface ImportCheck {
  readonly files: number
  readonly imports: number
  readonly violations: readonly { rule: string; from: string; to: string }[]
  /** Files that the tool did not read: no rule was applied to them. */
  readonly unread: readonly string[]
}

const folders = ['src', 'tools', 'test', 'bench']

const sourceFiles = async (root: string) => {
  const patterns = [...folders.map((folder) => `${folder}/**/*.ts`), '*.config.ts']
  const files: string[] = []
  for await (const file of glob(patterns, { cwd: root })) files.push(file)
  return files
}

export const checkImports = async (root: string): Promise<ImportCheck> => {
  const files = await sourceFiles(root)
  const present = folders.filter((folder) => files.some((file) => file.startsWith(`${folder}/`)))
  const configs = files.filter((file) => file.endsWith('.config.ts'))
  const { stdout, output } = await runTool(
    'depcruise',
    ['--config', '.dependency-cruiser.mjs', '--output-type', 'json', ...present, ...configs],
    { cwd: root, timeoutMs: 60_000 },
  )
  let result: CruiseResult
  try {
    result = JSON.parse(stdout) as CruiseResult
  } catch (error) {
    throw new Error(`dependency-cruiser did not run:\n${output}`, { cause: error })
  }
  const read = new Set(result.modules.map(({ source }) => source))
  return {
    files: files.length,
    imports: result.summary.totalDependenciesCruised ?? 0,
    violations: result.summary.violations.map(({ rule, from, to, cycle }) => ({
      rule: rule.name,
      from,
      to: cycle ? cycle.map(({ name }) => name).join(' -> ') : to,
    })),
    unread: files.filter((file) => !read.has(file)),
  }
}

const main = async () => {
  const { values } = parseArgs({ options: { root: { type: 'string', default: projectRoot } } })
  const { files, imports, violations, unread } = await checkImports(resolve(values.root))
  for (const { rule, from, to } of violations) console.error(`${rule}: ${from} -> ${to}`)
  for (const file of unread) console.error(`not read, so not checked: ${file}`)
  const blind = imports < files
  if (blind)
    console.error(`only ${imports} imports seen in ${files} files: the tool is not reading`)
  if (violations.length > 0 || unread.length > 0 || blind) process.exitCode = 1
  else console.log(`${imports} imports of ${files} files keep the rules.`)
}

if (import.meta.main) await main()
