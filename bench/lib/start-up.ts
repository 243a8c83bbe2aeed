import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { portVariable } from '../../src/local/launcher/launch-plan.ts'
import { projectFolder } from '../../src/local/postgres/data-folder.ts'
import { serviceNames } from '../../src/registry.ts'

/** How long `npm start` takes until the system is ready, npm included. */
export interface StartTimes {
  /** Without data: the database cluster is made first. */
  readonly newDataSeconds: number
  /** With the data of an earlier start. */
  readonly againSeconds: number
}

const readyTimeoutMs = 60_000

const whenReady = (child: ChildProcess): Promise<void> =>
  new Promise((resolve, reject) => {
    let output = ''
    const timer = setTimeout(
      () => reject(new Error(`not ready in time: ${output}`)),
      readyTimeoutMs,
    )
    const read = (chunk: Buffer) => {
      output += chunk.toString('utf8')
      if (!output.includes('Ready in')) return
      clearTimeout(timer)
      resolve()
    }
    child.stdout?.on('data', read)
    child.stderr?.on('data', read)
    child.once('exit', (code) => reject(new Error(`npm start ended with ${code}: ${output}`)))
  })

const startOnce = async (dataFolder: string): Promise<number> => {
  const ports = ['ADMIN_PORT', ...serviceNames.map(portVariable)]
  const startedAtMs = performance.now()
  const child = spawn('npm', ['start'], {
    cwd: projectFolder,
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      DATA_DIR: dataFolder,
      ...Object.fromEntries(ports.map((name) => [name, '0'])),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: process.platform === 'win32',
    // npm does not pass signals to all of its children, so the signal goes to the process group.
    detached: process.platform !== 'win32',
  })
  const ended = once(child, 'exit')
  try {
    await whenReady(child)
    return (performance.now() - startedAtMs) / 1_000
  } finally {
    if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGINT')
    await ended
  }
}

export const measureStart = async (): Promise<StartTimes> => {
  const folder = await mkdtemp(path.join(tmpdir(), 'orderly-start-'))
  try {
    const newDataSeconds = await startOnce(folder)
    return { newDataSeconds, againSeconds: await startOnce(folder) }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
