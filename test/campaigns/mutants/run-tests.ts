import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

export interface Verdict {
  readonly outcome: 'passed' | 'failed' | 'timed out' | 'broken'
  /** The first test that failed, or what went wrong before any test ran. */
  readonly by: string
  readonly ms: number
}

interface JsonReport {
  readonly numTotalTests: number
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    readonly message?: string
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[]
  }[]
}

interface Ended {
  readonly code: number | null
  readonly timedOut: boolean
  readonly output: string
}

const keptOutput = 1_000_000

let endRunning: () => void = () => {}

/** Ends the running command when the run is stopped. */
export const endTests = () => endRunning()

/** Runs a command in its own process group, so that the time limit ends all its processes. */
const runCommand = (args: readonly string[], cwd: string, timeoutMs: number): Promise<Ended> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, args, {
      cwd,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    let timedOut = false
    const keep = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-keptOutput)
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    const end = (signal: NodeJS.Signals) => {
      try {
        process.kill(-child.pid!, signal)
      } catch {
        // The whole group has ended already.
      }
    }
    endRunning = () => end('SIGTERM')
    // SIGTERM first: the process that started the tests' Postgres must stop it.
    const timer = setTimeout(() => {
      timedOut = true
      end('SIGTERM')
      setTimeout(() => end('SIGKILL'), 8_000).unref()
    }, timeoutMs)
    child.once('close', (code) => {
      clearTimeout(timer)
      endRunning = () => {}
      end('SIGKILL')
      resolve({ code, timedOut, output })
    })
  })

const firstFailure = (report: JsonReport): string | undefined => {
  for (const file of report.testResults) {
    const name = path.basename(file.name)
    const failed = file.assertionResults.find(({ status }) => status === 'failed')
    if (failed) return `${name}: ${failed.fullName}`
    if (file.status === 'failed' && file.assertionResults.length > 0) {
      return `${name}: ${(file.message ?? '').split('\n')[0]}`
    }
  }
  return undefined
}

/** Runs test files in a folder, until the first one fails. */
export const runTests = async (
  root: string,
  files: readonly string[],
  timeoutMs: number,
): Promise<Verdict> => {
  const folder = mkdtempSync(path.join(tmpdir(), 'orderly-verdict-'))
  const reportFile = path.join(folder, 'report.json')
  const startMs = performance.now()
  try {
    const args = ['node_modules/vitest/vitest.mjs', 'run', ...files, '--bail=1', '--reporter=json']
    const ended = await runCommand([...args, `--outputFile=${reportFile}`], root, timeoutMs)
    const ms = performance.now() - startMs
    if (ended.timedOut) return { outcome: 'timed out', by: '', ms }
    if (ended.code === 0) return { outcome: 'passed', by: '', ms }
    let report: JsonReport | undefined
    try {
      report = JSON.parse(readFileSync(reportFile, 'utf8')) as JsonReport
    } catch {
      // There is no report: vitest itself failed.
    }
    const by = report && firstFailure(report)
    if (by !== undefined) return { outcome: 'failed', by, ms }
    return { outcome: 'broken', by: ended.output.slice(-1_500), ms }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Makes a random run against the planted bug, as the last test: it is most like real use. */
export const runChaos = async (root: string, seed: number, timeoutMs: number): Promise<Verdict> => {
  const startMs = performance.now()
  const args = ['test/campaigns/chaos/main.ts', '--seed', String(seed), '--minutes', '0.7']
  const ended = await runCommand(args, root, timeoutMs)
  const ms = performance.now() - startMs
  if (ended.timedOut) return { outcome: 'timed out', by: '', ms }
  if (ended.code === 0) return { outcome: 'passed', by: '', ms }
  const found =
    /^(invariant \d.*|ContractViolation: .*|.* rows still wait.*|.* were never answered|.* ended by itself)/m.exec(
      ended.output,
    )
  if (!found) return { outcome: 'broken', by: ended.output.slice(-1_500), ms }
  return { outcome: 'failed', by: `random run, seed ${seed}: ${found[0].slice(0, 120)}`, ms }
}
