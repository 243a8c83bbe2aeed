import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runTool, type ToolRun } from '../../../tools/run-tool.ts'
import { shownAtTheDoor } from './door.ts'
import type { RunReport } from './verdict.ts'

/** The newest Schemathesis of PyPI, in a folder that is removed after the run. */
const exceptions = fileURLToPath(new URL('schemathesis.toml', import.meta.url))
const installTimeoutMs = 180_000
/** After its time, it ends the present request and writes its report. */
const graceMs = 60_000

const isWindows = process.platform === 'win32'
const pythonPrograms = isWindows ? ['python'] : ['python3', 'python']

/** Returns undefined when the program does not exist. */
const tryTool = (program: string, args: readonly string[]): Promise<ToolRun | undefined> =>
  runTool(program, args, { timeoutMs: installTimeoutMs }).catch(() => undefined)

const createEnvironment = async (folder: string) => {
  const told: string[] = []
  for (const python of pythonPrograms) {
    const made = await tryTool(python, ['-m', 'venv', folder])
    if (made?.exitCode === 0) return
    told.push(made === undefined ? `there is no ${python}` : `${python}: ${made.output.trim()}`)
  }
  throw new Error(`Schemathesis needs Python 3.11 or newer with venv and pip.\n${told.join('\n')}`)
}

export interface SchemathesisRun {
  readonly location: string
  readonly seconds: number
  readonly seed: number
}

export const installSchemathesis = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'schemathesis-'))
  const remove = () => rm(folder, { recursive: true, force: true })
  try {
    const environment = join(folder, 'venv')
    await createEnvironment(environment)
    const bin = join(environment, isWindows ? 'Scripts' : 'bin')
    const pip = await tryTool(join(bin, 'python'), ['-m', 'pip', 'install', 'schemathesis'])
    if (pip?.exitCode !== 0) {
      throw new Error(`pip could not install Schemathesis:\n${pip?.output ?? 'there is no pip'}`)
    }
    const program = join(bin, 'schemathesis')
    const { stdout } = await runTool(program, ['--version'])
    // Schemathesis reads its settings from the folder where it starts.
    await cp(exceptions, join(folder, 'schemathesis.toml'))

    const run = async ({ location, seconds, seed }: SchemathesisRun) => {
      const path = join(folder, 'report.json')
      await rm(path, { force: true })
      const args = [
        'run',
        location,
        '--continue-on-failure',
        '--phases=examples,coverage,fuzzing,stateful',
        `--max-time=${seconds}`,
        '--generation-database=none',
        '--request-timeout=20',
        `--header=Authorization: ${shownAtTheDoor}`,
        '--warnings=off',
        '--report=json',
        `--report-json-path=${path}`,
        `--seed=${seed}`,
      ]
      const limits = { cwd: folder, timeoutMs: seconds * 1_000 + graceMs }
      const { exitCode, output } = await runTool(program, args, limits)
      const text = await readFile(path, 'utf8').catch(() => 'null')
      return { exitCode, output, report: JSON.parse(text) as RunReport | null }
    }
    return { version: stdout.trim(), run, remove }
  } catch (error) {
    await remove()
    throw error
  }
}
