import { execFile } from 'node:child_process'
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { contractFolder, projectRoot, runTool } from '../run-tool.ts'

/**
 * `npm run contracts:diff [-- <commit>]` says for every contract whether a client that was written
 * for that commit (by default the previous one) still works. It exits with 1 when not, so that a
 * pipeline can check it.
 */
const run = promisify(execFile)

interface Verdict {
  readonly message?: string
  readonly ruleId?: string
}

interface Change {
  readonly path: string
  readonly kind: 'added' | 'removed' | 'modified'
  readonly impact: 'major' | 'minor' | 'patch'
  readonly property?: string
  readonly verdicts: readonly Verdict[]
}

interface DiffReport {
  readonly changes: readonly Change[]
}

export interface FileDiff {
  readonly file: string
  readonly verdict: 'no change' | 'compatible' | 'new' | 'BREAKING'
  readonly details: readonly string[]
}

class UsageError extends Error {}

const git = async (root: string, ...args: string[]) => {
  const { stdout } = await run('git', args, { cwd: root, maxBuffer: 64 * 1024 * 1024 })
  return stdout
}

const commitOf = async (root: string, name: string) => {
  try {
    return (await git(root, 'rev-parse', '--verify', '--quiet', `${name}^{commit}`)).trim()
  } catch {
    throw new UsageError(`there is no commit ${name} here to compare with`)
  }
}

/** Turns `#/paths/~1orders~1{orderId}/get/...` into a readable path. */
const readablePath = (pointer: string) => {
  const [, path = '', method, ...rest] = pointer
    .replace(/^#\//, '')
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
  const place = rest.length > 0 ? ` (${rest.join('.')})` : ''
  return pointer.startsWith('#/paths/')
    ? `${method ? `${method.toUpperCase()} ` : ''}${path}${place}`
    : pointer
}

const describeChange = (change: Change) => {
  const reasons = change.verdicts.map(({ message }) => message).filter((text) => text !== undefined)
  const what = change.property ? `${change.property} ${change.kind}` : change.kind
  return `${readablePath(change.path)}: ${reasons.length > 0 ? reasons.join(' ') : what}`
}

/**
 * All contracts share one list of problem codes, so a new one is in all of them. It breaks nobody:
 * who meets a code that they do not know goes by the status.
 */
const isNewProblemCode = ({ path, verdicts }: Change) =>
  path.endsWith('application~1problem+json/schema/properties/code') &&
  verdicts.every(({ ruleId }) => ruleId === 'enum-values-added')

const compare = async (before: string, after: string): Promise<Omit<FileDiff, 'file'>> => {
  const args = ['diff', before, after, '--fail-on', 'none', '--format', 'json']
  const { exitCode, stdout, output } = await runTool('redocly', args, { timeoutMs: 60_000 })
  if (exitCode !== 0) throw new Error(`redocly could not compare the contracts:\n${output}`)
  const { changes } = JSON.parse(stdout) as DiffReport
  const breaking = changes.filter(
    (change) => change.impact === 'major' && !isNewProblemCode(change),
  )
  if (breaking.length > 0) {
    return { verdict: 'BREAKING', details: breaking.map(describeChange) }
  }
  if (changes.length === 0) return { verdict: 'no change', details: [] }
  return { verdict: 'compatible', details: changes.map(describeChange) }
}

const contractNames = (names: readonly string[]) => names.filter((name) => name.endsWith('.yaml'))

/** Compares the contracts in the working tree with those of a commit. */
export const diffContracts = async (root: string, commitName: string): Promise<FileDiff[]> => {
  const commit = await commitOf(root, commitName)
  const listed = await git(root, 'ls-tree', '--name-only', `${commit}:./${contractFolder}`).catch(
    () => '',
  )
  const before = new Set(contractNames(listed.split('\n')))
  const present = await readdir(join(root, contractFolder)).catch(() => [])
  const after = new Set(contractNames(present))
  const scratch = await mkdtemp(join(tmpdir(), 'contracts-diff-'))
  try {
    const diffs: FileDiff[] = []
    for (const name of [...new Set([...before, ...after])].toSorted()) {
      const file = `${contractFolder}/${name}`
      if (!before.has(name)) diffs.push({ file, verdict: 'new', details: [] })
      else if (!after.has(name)) {
        diffs.push({ file, verdict: 'BREAKING', details: ['the whole contract was removed'] })
      } else {
        const old = await git(root, 'show', `${commit}:./${file}`)
        if (old === (await readFile(join(root, file), 'utf8'))) {
          diffs.push({ file, verdict: 'no change', details: [] })
          continue
        }
        await writeFile(join(scratch, name), old)
        diffs.push({ file, ...(await compare(join(scratch, name), join(root, file))) })
      }
    }
    return diffs
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

const main = async () => {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { root: { type: 'string', default: projectRoot } },
  })
  const diffs = await diffContracts(resolve(values.root), positionals[0] ?? 'HEAD~1')
  for (const { file, verdict, details } of diffs) {
    console.log(`${file}: ${verdict}`)
    for (const detail of details) console.log(`  ${detail}`)
  }
  if (diffs.length === 0) console.log('There are no contracts to compare.')
  if (diffs.some(({ verdict }) => verdict === 'BREAKING')) process.exitCode = 1
}

if (import.meta.main) {
  await main().catch((error: unknown) => {
    if (!(error instanceof UsageError)) throw error
    console.error(error.message)
    process.exitCode = 2
  })
}
