import { execFileSync, spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { performance } from 'node:perf_hooks'
import { portVariable } from '../../src/local/launcher/launch-plan.ts'
import { projectFolder } from '../../src/local/postgres/data-folder.ts'
import { isAlive } from '../../src/local/postgres/process-identity.ts'
import { serviceNames, type ServiceName } from '../../src/registry.ts'
import { whenFileEnds } from './cleanup.ts'
import { inheritedByServices } from './environment.ts'
import { eventually } from './wait.ts'

/** An empty folder. It is removed with the test file, after the server in it has ended. */
export const dataFolder = async (): Promise<string> => {
  const folder = await mkdtemp(path.join(tmpdir(), 'orderly-start-'))
  whenFileEnds(async () => {
    const pid = await serverPid(folder)
    if (pid !== undefined && isAlive(pid)) {
      process.kill(pid, 'SIGQUIT')
      await eventually(() => {
        if (isAlive(pid)) throw new Error('the server still runs')
      })
    }
    await rm(folder, { recursive: true, force: true })
  })
  return folder
}

/** The process id of the Postgres that runs, or ran, on the folder. */
export const serverPid = async (folder: string): Promise<number | undefined> => {
  const file = path.join(folder, 'postgres', 'postmaster.pid')
  const text = await readFile(file, 'utf8').catch(() => undefined)
  return text === undefined ? undefined : Number(text.split('\n')[0])
}

interface RunningProcess {
  readonly pid: number
  readonly parent: number
  readonly command: string
}

const processesOfLinux = async (): Promise<RunningProcess[]> => {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const found = await Promise.all(
    names.map(async (name) => {
      const read = (file: string) => readFile(`/proc/${name}/${file}`, 'latin1').catch(() => '')
      const [state, parent] = (await read('stat')).split(') ').at(-1)?.split(' ') ?? []
      const command = (await read('cmdline')).replaceAll('\0', ' ').trim()
      return { pid: Number(name), parent: Number(parent), command, state }
    }),
  )
  return found.filter(({ state }) => state !== undefined && state !== 'Z')
}

const processesByPs = (): RunningProcess[] =>
  execFileSync('ps', ['-A', '-o', 'pid=,ppid=,command='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => {
      const [pid, parent, ...command] = line.trim().split(/\s+/)
      return { pid: Number(pid), parent: Number(parent), command: command.join(' ') }
    })

const childProcessesOf = async (parent: number): Promise<RunningProcess[]> => {
  // Small systems have no ps; systems without /proc always have it.
  const all = process.platform === 'linux' ? await processesOfLinux() : processesByPs()
  return all.filter((candidate) => candidate.parent === parent)
}

/** Finds the processes that a launcher started, without its help. */
export const childrenOf = async (parent: number): Promise<number[]> =>
  (await childProcessesOf(parent)).map(({ pid }) => pid)

/** Finds the process that runs a service, by the command that started it. */
export const pidOf = async (launcher: number, service: string): Promise<number> => {
  const children = await childProcessesOf(launcher)
  const found = children.find(({ command }) => command.endsWith(` ${service}`))
  if (found === undefined) throw new Error(`${service} does not run`)
  return found.pid
}

/** The environment variables that a process got at its start. */
export const environmentOf = async (pid: number): Promise<string[]> =>
  process.platform === 'linux'
    ? (await readFile(`/proc/${pid}/environ`, 'latin1')).split('\0')
    : execFileSync('ps', ['eww', '-o', 'command=', '-p', `${pid}`], { encoding: 'utf8' }).split(' ')

/** What a process has in memory, in MB: what is its own, and what it shares with others. */
export const memoryOf = async (pid: number): Promise<number> => {
  const status = await readFile(`/proc/${pid}/status`, 'latin1')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024
}

/** How many seconds a process has been at work, on all cores together, also when it had to wait. */
export const cpuSecondsOf = async (pid: number): Promise<number> => {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1')
  const [user, system] = (stat.split(') ').at(-1) ?? '').split(' ').slice(11, 13)
  // Linux counts in hundredths of a second.
  return (Number(user) + Number(system)) / 100
}

/** Any free ports, so that tests do not disturb a system that runs. */
const freePorts = Object.fromEntries(
  ['ADMIN_PORT', 'LAB_PORT', ...serviceNames.map(portVariable)].map((name) => [name, '0']),
)

/** Runs what `npm start` runs, with its own variables, in a copy of the project if one is named. */
export const launch = (
  variables: Record<string, string>,
  folder = projectFolder,
  words: readonly string[] = [],
) => {
  const child = spawn(process.execPath, [path.join(folder, 'src', 'main.ts'), ...words], {
    cwd: folder,
    // The code is compiled once for all launchers, not once for each data folder.
    env: { ...inheritedByServices(), ...freePorts, ...variables },
    // The channel ends the launcher when the test process dies, however it dies.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  let screen = ''
  let errors = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    screen += chunk.toString('utf8')
  })
  child.stderr?.on('data', (chunk: Buffer) => {
    screen += chunk.toString('utf8')
    errors += chunk.toString('utf8')
  })
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', resolve)
  })
  const isRunning = () => child.exitCode === null && child.signalCode === null
  whenFileEnds(async () => {
    child.kill('SIGKILL')
    await ended
  })
  const contains = (text: string | RegExp) =>
    typeof text === 'string' ? screen.includes(text) : text.test(screen)
  return {
    child,
    pid: child.pid as number,
    isRunning,
    /** Everything on the screen: standard output and standard error as they came. */
    screen: () => screen,
    errors: () => errors,
    ended,
    signal: (name: NodeJS.Signals) => child.kill(name),
    /** Waits for a text on the screen. Fails if the launcher ends before. */
    sees: (text: string | RegExp, withinMs = 40_000) =>
      eventually(
        () => {
          if (contains(text)) return
          throw new Error(`${isRunning() ? 'waited' : 'ended'} without ${String(text)}:\n${screen}`)
        },
        { withinMs },
      ),
    /** The address that is printed beside a label. */
    addressOf: (label: string) => {
      const address = new RegExp(`^ {2}${label} +(\\S+)`, 'm').exec(screen)?.[1]
      if (address === undefined) throw new Error(`no address of ${label} on the screen:\n${screen}`)
      return address
    },
    /** Sends Ctrl-C, and returns how long the end took. */
    interrupt: async () => {
      const startMs = performance.now()
      child.kill('SIGINT')
      const code = await ended
      return { code, tookMs: performance.now() - startMs }
    },
  }
}

/** The same with the lab, whose links are on every way. */
export const launchLab = (variables: Record<string, string>) =>
  launch(variables, projectFolder, ['--lab'])

export type Launcher = ReturnType<typeof launch>

/** A measure of each service's process. */
export const ofEachService = async (
  launcher: Launcher,
  measure: (pid: number) => Promise<number>,
): Promise<Record<ServiceName, number>> => {
  const entries = serviceNames.map(
    async (name) => [name, await measure(await pidOf(launcher.pid, name))] as const,
  )
  return Object.fromEntries(await Promise.all(entries)) as Record<ServiceName, number>
}
