import { spawn } from 'node:child_process'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const projectRoot = fileURLToPath(new URL('..', import.meta.url))

export const contractFolder = 'openapi'

export interface ToolRun {
  readonly exitCode: number
  readonly stdout: string
  /** Both streams in the order in which they came, as a person would see them. */
  readonly output: string
}

export interface ToolOptions {
  readonly cwd?: string
  readonly timeoutMs?: number
  /** Colours, when the output goes unchanged to a terminal. */
  readonly colour?: boolean
}

const binFolder = join(projectRoot, 'node_modules', '.bin')

/**
 * Runs a program of the installed tools with a time limit. The Node of this process is first on the
 * path, and no telemetry is sent.
 */
export const runTool = (
  program: string,
  args: readonly string[],
  { cwd = projectRoot, timeoutMs = 120_000, colour = false }: ToolOptions = {},
): Promise<ToolRun> => {
  const { FORCE_COLOR: _force, NO_COLOR: _no, ...inherited } = process.env
  const child = spawn(program, args, {
    cwd,
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...inherited,
      PATH: [binFolder, inherited['PATH']].join(delimiter),
      REDOCLY_TELEMETRY: 'off',
      REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true',
      ...(colour ? { FORCE_COLOR: '1' } : { NO_COLOR: '1' }),
    },
  })
  let stdout = ''
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    output += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (exitCode, signal) => {
      if (signal) output += `\n${program} was ended by ${signal} (limit ${timeoutMs} ms)\n`
      resolve({ exitCode: exitCode ?? 1, stdout, output })
    })
  })
}
