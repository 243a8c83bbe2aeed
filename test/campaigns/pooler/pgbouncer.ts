import { spawn, spawnSync } from 'node:child_process'
import { chmod, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** PgBouncer as people run it: transaction mode, fewer connections to Postgres than clients have. */
export interface PoolerOptions {
  readonly program: string
  readonly folder: string
  readonly port: number
  /** Addresses of the databases behind it. */
  readonly databases: readonly string[]
  readonly connectionsPerDatabase: number
  /** 0: PgBouncer does not track prepared statements. */
  readonly maxPreparedStatements: number
}

export interface Pooler {
  /** The address of the same database through the pooler. */
  readonly through: (url: string) => string
  readonly stop: () => Promise<void>
}

/** The first version that tracks prepared statements in transaction mode. */
const preparedSince = [1, 21] as const

export interface PoolerVersion {
  readonly text: string
  readonly keepsPrepared: boolean
}

/** Undefined when there is no such program. */
export const versionOf = (program: string): PoolerVersion | undefined => {
  const { stdout, error } = spawnSync(program, ['--version'], { encoding: 'utf8', timeout: 5_000 })
  const [, major, minor] = /PgBouncer (\d+)\.(\d+)/.exec(error ? '' : stdout) ?? []
  if (major === undefined || minor === undefined) return undefined
  const [sinceMajor, sinceMinor] = preparedSince
  const isNewer = Number(major) > sinceMajor
  const keepsPrepared = isNewer || (Number(major) === sinceMajor && Number(minor) >= sinceMinor)
  return { text: `${major}.${minor}`, keepsPrepared }
}

const nameOf = (url: URL) => url.pathname.slice(1)

const settingsFor = (options: PoolerOptions, usersFile: string): string => {
  const { port, databases, connectionsPerDatabase, maxPreparedStatements } = options
  const targets = databases.map((each) => {
    const url = new URL(each)
    return `${nameOf(url)} = host=${url.hostname} port=${url.port} dbname=${nameOf(url)}`
  })
  return [
    '[databases]',
    ...targets,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    'auth_type = scram-sha-256',
    `auth_file = ${usersFile}`,
    'pool_mode = transaction',
    `default_pool_size = ${connectionsPerDatabase}`,
    'max_client_conn = 500',
    ...(maxPreparedStatements > 0 ? [`max_prepared_statements = ${maxPreparedStatements}`] : []),
    // PgBouncer refuses to run as root.
    ...(process.getuid?.() === 0 ? ['user = nobody'] : []),
    '',
  ].join('\n')
}

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })

const startTimeoutMs = 10_000

export const startPooler = async (options: PoolerOptions): Promise<Pooler> => {
  const { program, folder, port, databases } = options
  const usersFile = path.join(folder, 'users.txt')
  const settingsFile = path.join(folder, 'pgbouncer.ini')
  const users = databases.map((each) => {
    const { username, password } = new URL(each)
    return `"${username}" "${decodeURIComponent(password)}"\n`
  })
  await writeFile(usersFile, users.join(''))
  await writeFile(settingsFile, settingsFor(options, usersFile))
  // PgBouncer reads them as the user that it switches to.
  await chmod(folder, 0o755)

  let output = ''
  const child = spawn(program, [settingsFile], { stdio: ['ignore', 'pipe', 'pipe'] })
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8')
    })
  }
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve())
  })
  const giveUpAtMs = performance.now() + startTimeoutMs
  while (!(await accepts(port))) {
    if (child.exitCode !== null || performance.now() > giveUpAtMs) {
      child.kill('SIGKILL')
      throw new Error(`${program} did not start:\n${output}`)
    }
    await sleep(50)
  }
  return {
    through: (url) => {
      const changed = new URL(url)
      changed.hostname = '127.0.0.1'
      changed.port = String(port)
      return changed.href
    },
    stop: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}
