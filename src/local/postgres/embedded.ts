import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import postgres from 'postgres'
import { readIfThere, writePrivate, type DataFolder } from './data-folder.ts'
import { freePort, whyPortIsTaken } from './free-port.ts'
import { adminName, openCluster, serverEnvironment, type Cluster } from './cluster.ts'
import { serverSettings } from './settings.ts'
import { explainPostgres } from './trouble.ts'
import { isAlive, programOf } from './process-identity.ts'
import { explaining, StartError } from './start-error.ts'

export interface EmbeddedPostgres {
  /** The administrator's address, password included. */
  readonly url: string
  readonly port: number
  readonly pid: number
  /** The server was left behind by a killed run, and we go on using it. */
  readonly wasTakenOver: boolean
  /** Resolves when the server has ended, for whatever reason. */
  readonly ended: Promise<void>
  /** Stops it within three seconds: first it may finish, then it must end. */
  stop(): Promise<void>
  /** Stops it as a power cut would. */
  crash(): Promise<void>
}

export interface EmbeddedPostgresOptions {
  readonly data: DataFolder
  /** Called before work that takes a while. */
  readonly onProgress?: (what: string) => void
  /** Server settings in addition to, or instead of, the usual ones. */
  readonly settings?: Readonly<Record<string, string>>
  /** Interrupts the making of a new cluster, which is the only long work here. */
  readonly signal?: AbortSignal
}

const startTimeoutMs = 60_000
const politeStopMs = 1_500
const firmStopMs = 700
const pollMs = 5
const maxLogBytes = 8_000_000

const adminUrl = (password: string, port: number) =>
  `postgres://${adminName}:${password}@127.0.0.1:${port}/postgres`

// --- postmaster.pid: what a running server tells about itself ------------------

interface PidFile {
  readonly pid: number
  readonly port: number
  readonly isReady: boolean
}

const readPidFile = (cluster: Cluster): PidFile | undefined => {
  const lines = readIfThere(path.join(cluster.folder, 'postmaster.pid'))?.split('\n')
  if (!lines || !Number(lines[0])) return undefined
  return {
    pid: Number(lines[0]),
    port: Number(lines[3]),
    isReady: lines[7]?.trim() === 'ready',
  }
}

const endOf = async (pid: number) => {
  while (isAlive(pid)) await sleep(20)
}

const waitFor = async (what: Promise<unknown>, timeoutMs: number): Promise<boolean> => {
  const abort = new AbortController()
  const timer = sleep(timeoutMs, false, { signal: abort.signal }).catch(() => false)
  return Promise.race([what.then(() => true), timer]).finally(() => abort.abort())
}

// --- a server that runs -----------------------------------------------------

type StopMode = 'fast' | 'immediate'

const signalOf = { fast: 'SIGINT', immediate: 'SIGQUIT' } as const

const askToStop = (cluster: Cluster, pid: number, mode: StopMode) => {
  if (process.platform === 'win32') {
    // Windows has no signals, so pg_ctl asks the server to stop.
    execFile(cluster.binaries.pgCtl, ['stop', '-W', '-m', mode, '-D', cluster.folder], () => {})
    return
  }
  try {
    process.kill(pid, signalOf[mode])
  } catch {
    // It ended by itself in the meantime.
  }
}

const stopServer = async (cluster: Cluster, pid: number, ended: Promise<void>) => {
  askToStop(cluster, pid, 'fast')
  if (await waitFor(ended, politeStopMs)) return
  askToStop(cluster, pid, 'immediate')
  if (await waitFor(ended, firmStopMs)) return
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended at this moment.
  }
  await waitFor(ended, firmStopMs)
}

const handleOf = (
  cluster: Cluster,
  server: { pid: number; port: number; ended: Promise<void>; wasTakenOver: boolean },
): EmbeddedPostgres => ({
  ...server,
  url: adminUrl(cluster.password, server.port),
  stop: () => stopServer(cluster, server.pid, server.ended),
  crash: async () => {
    askToStop(cluster, server.pid, 'immediate')
    await server.ended
  },
})

// --- taking over -------------------------------------------------------------

const isAnswering = async (url: string): Promise<boolean> => {
  const sql = postgres(url, { max: 1, connect_timeout: 2, fetch_types: false, onnotice: () => {} })
  try {
    return await waitFor(sql`select 1`.simple(), 2_000)
  } catch {
    return false
  } finally {
    await sql.end({ timeout: 0 }).catch(() => {})
  }
}

const argumentsOf = (cluster: Cluster, port: number, settings: Record<string, string>) => [
  '-D',
  cluster.ownName,
  '-p',
  String(port),
  ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
]

/** Whether the running server was started with the present settings. */
const isUpToDate = (cluster: Cluster, port: number, settings: Record<string, string>) => {
  const quoted = argumentsOf(cluster, port, settings).map((text) => `"${text}"`)
  const used = readIfThere(path.join(cluster.folder, 'postmaster.opts'))?.trim()
  return used === [cluster.binaries.postgres, ...quoted].join(' ')
}

/** Finds a server that a killed run left behind, and uses it if possible. */
const takeOver = async (
  cluster: Cluster,
  settings: Record<string, string>,
): Promise<EmbeddedPostgres | undefined> => {
  const left = readPidFile(cluster)
  if (!left || !isAlive(left.pid)) return undefined
  if (!programOf(left.pid)?.startsWith('postgres')) {
    // Another program has this process id now, and the file would keep a new server from starting.
    rmSync(path.join(cluster.folder, 'postmaster.pid'), { force: true })
    return undefined
  }
  const ended = endOf(left.pid)
  for (const untilMs = Date.now() + 5_000; Date.now() < untilMs; await sleep(50)) {
    if (readPidFile(cluster)?.isReady !== false) break
  }
  const { pid, port } = readPidFile(cluster) ?? left
  const isUseful =
    isAlive(pid) &&
    isUpToDate(cluster, port, settings) &&
    (await isAnswering(adminUrl(cluster.password, port)))
  if (isUseful) return handleOf(cluster, { pid, port, ended, wasTakenOver: true })
  await stopServer(cluster, pid, ended)
  return undefined
}

// --- starting ---------------------------------------------------------------

/** Returns the port of the last time when it is free, so that addresses stay the same. */
const choosePort = async (data: DataFolder): Promise<number> => {
  const kept = Number(readIfThere(data.file('postgres-port')))
  const isUsable = Number.isInteger(kept) && kept > 1_023 && kept < 65_536
  if (isUsable && (await whyPortIsTaken(kept)) === undefined) return kept
  return freePort()
}

const openLog = (file: string): number =>
  explaining(`the log ${file} cannot be written`, () => {
    if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > maxLogBytes) {
      renameSync(file, `${file}.old`)
    }
    return openSync(file, 'a', 0o600)
  })

const spawnServer = (cluster: Cluster, args: readonly string[], log: number): ChildProcess =>
  spawn(cluster.binaries.postgres, args, {
    ...cluster.user,
    cwd: cluster.folder,
    env: serverEnvironment,
    // The server writes to a file and not to us, so that it can go on when we are killed.
    stdio: ['ignore', log, log],
    // Ctrl-C signals the whole group, but the services must stop before the server.
    detached: process.platform !== 'win32',
    windowsHide: true,
  })

type Attempt = { readonly server: EmbeddedPostgres } | { readonly output: string }

const tryPort = async (
  cluster: Cluster,
  { port, settings, logFile }: { port: number; settings: Record<string, string>; logFile: string },
): Promise<Attempt> => {
  const log = openLog(logFile)
  const logStart = statSync(logFile).size
  const child = spawnServer(cluster, argumentsOf(cluster, port, settings), log)
  closeSync(log)
  let hasEnded = false
  let spawnError = ''
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', (error) => {
      spawnError = error.message
      resolve()
    })
  }).then(() => {
    hasEnded = true
  })
  const pid = child.pid ?? 0
  for (const untilMs = Date.now() + startTimeoutMs; Date.now() < untilMs; await sleep(pollMs)) {
    if (hasEnded) {
      const said = readFileSync(logFile).subarray(logStart).toString('utf8')
      return { output: spawnError || said }
    }
    const told = readPidFile(cluster)
    if (told?.pid === pid && told.isReady) {
      return { server: handleOf(cluster, { pid, port, ended, wasTakenOver: false }) }
    }
  }
  await stopServer(cluster, pid, ended)
  throw new StartError(
    `Postgres was not ready after ${startTimeoutMs / 1000} s (its log is ${logFile})`,
  )
}

const startServer = async (
  data: DataFolder,
  cluster: Cluster,
  settings: Record<string, string>,
): Promise<EmbeddedPostgres> => {
  const logFile = path.join(data.logs, 'postgres.log')
  let output = ''
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const port = await choosePort(data)
    const result = await tryPort(cluster, { port, settings, logFile })
    if ('server' in result) return result.server
    output = result.output
    // Another program took the port after we had looked at it.
    if (!/could not bind|address already in use/i.test(output)) break
  }
  throw explainPostgres(output, data.path, logFile)
}

/** Starts a Postgres on its data folder, makes the cluster if needed, or takes over one that runs. */
export const startEmbeddedPostgres = async ({
  data,
  onProgress = () => {},
  settings = {},
  signal,
}: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> => {
  const cluster = await openCluster(data, {
    onCreate: () => onProgress('making a new database cluster'),
    signal,
  })
  const wanted = { ...serverSettings, ...settings }
  const server = (await takeOver(cluster, wanted)) ?? (await startServer(data, cluster, wanted))
  writePrivate(data.file('postgres-port'), `${server.port}\n`)
  writePrivate(data.file('postgres.url'), `${server.url}\n`)
  return server
}
