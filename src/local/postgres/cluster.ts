import { spawn, type StdioOptions } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  lchownSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { keptSecret, ownerOf, readIfThere, type DataFolder } from './data-folder.ts'
import { chooseServerUser, prepareBinaries } from './binaries.ts'
import type { PostgresBinaries, ServerUser } from './binaries.ts'
import { explainPostgres } from './trouble.ts'
import { explaining, StartError } from './start-error.ts'

export const adminName = 'postgres'
const majorVersion = '18'
const draftPrefix = 'postgres-draft-'

/** A database cluster on disk, with everything that is needed to run a server on it. */
export interface Cluster {
  readonly folder: string
  readonly binaries: PostgresBinaries
  readonly user: ServerUser | undefined
  readonly password: string
  /** How the server itself names the folder. */
  readonly ownName: string
}

/**
 * A server that runs as another user than we do may not be able to walk the path to its data: a
 * home folder of mode 0700 may lie on it. But it can be started inside the folder, because the
 * working directory is entered before the user is changed, and Linux has a name for this place
 * that needs no walking.
 */
export const ownNameOf = (folder: string, user: ServerUser | undefined) =>
  user && process.platform === 'linux' ? '/proc/self/cwd' : folder

/** Has nothing of our own environment: PG* variables or a library path would change the server. */
export const serverEnvironment = {
  PATH: '/usr/local/bin:/usr/bin:/bin',
  LC_ALL: 'C',
  TZ: 'UTC',
  // A connection keeps up to 4 MB for its next statement. By default glibc returns everything above
  // 128 KB after each one and allocates it again for the next, which cost more than the payment
  // itself.
  MALLOC_TRIM_THRESHOLD_: `${4 << 20}`,
  MALLOC_MMAP_THRESHOLD_: `${1 << 20}`,
}

const chownTree = (folder: string, { uid, gid }: ServerUser) => {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    lchownSync(path.join(folder, name), uid, gid)
  }
  chownSync(folder, uid, gid)
}

interface InitdbRun {
  readonly folder: string
  readonly binaries: PostgresBinaries
  readonly user: ServerUser | undefined
  /** An open file with the administrator's password, and its path. */
  readonly password: { readonly descriptor: number; readonly path: string }
  readonly signal: AbortSignal | undefined
}

const runInitdb = (run: InitdbRun): Promise<string | undefined> => {
  const { folder, binaries, user, password, signal } = run
  const isHidden = user && process.platform === 'linux'
  const args = [
    `--pgdata=${ownNameOf(folder, user)}`,
    `--username=${adminName}`,
    '--auth=scram-sha-256',
    `--pwfile=${isHidden ? '/proc/self/fd/3' : password.path}`,
    // Sorting and letter case by Postgres itself: the same on every system.
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--no-instructions',
  ]
  const stdio: StdioOptions = ['ignore', 'pipe', 'pipe', password.descriptor]
  return new Promise((resolve) => {
    const child = spawn(binaries.initdb, args, {
      ...user,
      cwd: folder,
      env: serverEnvironment,
      stdio,
      signal,
      windowsHide: true,
    })
    let output = ''
    const keep = (chunk: Buffer) => {
      output += chunk.toString('utf8')
    }
    child.stdout?.on('data', keep)
    child.stderr?.on('data', keep)
    child.on('error', (error) => resolve(error.message))
    child.on('close', (code) => resolve(code === 0 ? undefined : output || `exit code ${code}`))
  })
}

const removeDrafts = (data: DataFolder) => {
  for (const name of readdirSync(data.path)) {
    if (!name.startsWith(draftPrefix)) continue
    try {
      rmSync(data.file(name), { recursive: true, force: true })
    } catch {
      // The initdb of a killed run still writes there. The next start removes it.
    }
  }
}

/** Makes the cluster under another name first, so that a killed run leaves no half-made cluster. */
const createCluster = async (
  data: DataFolder,
  folder: string,
  prepared: Omit<Cluster, 'folder' | 'ownName'>,
  signal: AbortSignal | undefined,
) => {
  const draft = data.file(`${draftPrefix}${process.pid}`)
  const passwordFile = data.file('initdb-password')
  const { binaries, user, password } = prepared
  const descriptor = explaining(`the database cannot be created in ${data.path}`, () => {
    removeDrafts(data)
    mkdirSync(draft, { mode: 0o700 })
    rmSync(passwordFile, { force: true })
    writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 })
    if (user) {
      chownSync(draft, user.uid, user.gid)
      chownSync(passwordFile, user.uid, user.gid)
    }
    return openSync(passwordFile, 'r')
  })
  try {
    const trouble = await runInitdb({
      folder: draft,
      binaries,
      user,
      password: { descriptor, path: passwordFile },
      signal,
    })
    if (signal?.aborted) throw new StartError('stopped while the database was being created')
    if (trouble !== undefined) throw explainPostgres(trouble, folder)
    renameSync(draft, folder)
  } finally {
    closeSync(descriptor)
    rmSync(passwordFile, { force: true })
    removeDrafts(data)
  }
}

const checkCluster = (folder: string, user: ServerUser | undefined) => {
  const version = explaining(`the data in ${folder} cannot be used`, () =>
    readFileSync(path.join(folder, 'PG_VERSION'), 'utf8').trim(),
  )
  if (version !== majorVersion) {
    throw new StartError(
      `the data in ${folder} was made by Postgres ${version}, and this is Postgres ${majorVersion}: set DATA_DIR to another folder, or move the old one away after dumping what you need`,
    )
  }
  const me = process.getuid?.()
  const owner = ownerOf(folder)
  if (!user && owner && me !== undefined && owner.uid !== me) {
    throw new StartError(
      `the data in ${folder} belongs to another user (uid ${owner.uid}): start orderly as that user or as root, or set DATA_DIR to another folder`,
    )
  }
  // Root may have copied the data, but the server insists on owning it.
  if (user && owner?.uid !== user.uid) chownTree(folder, user)
  chmodSync(folder, 0o700)
}

/** Opens the cluster in the data folder. Makes it first when there is none. */
export const openCluster = async (
  data: DataFolder,
  { onCreate, signal }: { onCreate?: () => void; signal?: AbortSignal } = {},
): Promise<Cluster> => {
  const folder = data.file('postgres')
  const passwordFile = data.file('postgres-password')
  const user = chooseServerUser(folder)
  const binaries = prepareBinaries(user, data.cache)
  const exists = explaining(`the data in ${folder} cannot be used`, () =>
    existsSync(folder) ? readdirSync(folder).length > 0 : false,
  )
  if (exists) {
    checkCluster(folder, user)
    if (readIfThere(passwordFile) === undefined) {
      throw new StartError(
        `${passwordFile} is missing, and the data beside it cannot be opened without: bring it back, or move ${folder} away to begin with empty data`,
      )
    }
  }
  const password = keptSecret(passwordFile)
  if (!exists) {
    onCreate?.()
    rmSync(folder, { recursive: true, force: true })
    await createCluster(data, folder, { binaries, user, password }, signal)
  }
  return { folder, binaries, user, password, ownName: ownNameOf(folder, user) }
}
