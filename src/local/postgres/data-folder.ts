import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ServiceName } from '../../registry.ts'
import { startOf } from './process-identity.ts'
import { explaining, StartError } from './start-error.ts'

export const projectFolder = path.resolve(fileURLToPath(import.meta.url), '..', '..', '..', '..')

export interface DataFolder {
  readonly path: string
  readonly logs: string
  /** Compiled code that Node keeps, so that the services start faster the next time. */
  readonly cache: string
  /** A file of this folder, as a full path. */
  file(name: string): string
}

export const openDataFolder = (folder: string): DataFolder => {
  const root = path.resolve(folder)
  const logs = path.join(root, 'logs')
  const cache = path.join(root, 'cache')
  explaining(`the data folder ${root} cannot be used`, () => {
    mkdirSync(logs, { recursive: true })
    mkdirSync(cache, { recursive: true })
    // The system tells root that it may write also where writing fails.
    const probe = path.join(root, `.probe-${process.pid}`)
    writeFileSync(probe, 'x')
    rmSync(probe)
  })
  return { path: root, logs, cache, file: (name) => path.join(root, name) }
}

export const readIfThere = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    return explaining(`the file ${file} cannot be read`, () => {
      throw error
    })
  }
}

/** Writes a file that only its owner reads, whole or not at all, also when the power fails. */
export const writePrivate = (file: string, text: string) => {
  explaining(`the file ${file} cannot be written`, () => {
    const draft = `${file}.${process.pid}`
    writeFileSync(draft, text, { mode: 0o600, flush: true })
    renameSync(draft, file)
  })
}

const makeSecret = () => randomBytes(24).toString('base64url')

/** A random secret that is made once and kept. */
export const keptSecret = (file: string, make = makeSecret): string => {
  const kept = readIfThere(file)?.trim()
  if (kept) return kept
  const secret = make()
  writePrivate(file, `${secret}\n`)
  return secret
}

/** What a launcher tells other processes on this machine while it runs. */
export interface LauncherNotes {
  /** Another issuer, which our own identity leaves its place to. */
  readonly otherIssuer?: string | undefined
  /** The databases of the services that run here, as soon as they are there. */
  readonly databases?: Readonly<Partial<Record<ServiceName, string>>> | undefined
}

interface Claim extends LauncherNotes {
  readonly pid: number
  readonly start?: string | undefined
}

export interface FolderClaim {
  readonly release: () => void
  readonly note: (notes: LauncherNotes) => void
}

const claimFile = 'launcher.json'

/** The launcher that uses the folder now. */
export const launcherOn = (folder: string): Claim | undefined => {
  const claim = readClaim(path.join(folder, claimFile))
  return claim !== undefined && startOf(claim.pid) === claim.start ? claim : undefined
}

/**
 * Makes sure that only one launcher at a time uses the folder: a second one would take over the
 * Postgres of the first and stop it at its own end.
 */
export const claimFolder = (folder: DataFolder): FolderClaim => {
  const file = folder.file(claimFile)
  const me = { pid: process.pid, start: startOf(process.pid) }
  const holder = launcherOn(folder.path)
  if (holder !== undefined) {
    throw new StartError(
      `orderly is already running on ${folder.path} (process ${holder.pid}): stop that one first, or set DATA_DIR to another folder`,
    )
  }
  rmSync(file, { force: true })
  explaining(`the file ${file} cannot be written`, () =>
    writeFileSync(file, JSON.stringify(me), { flag: 'wx', mode: 0o600 }),
  )
  return {
    release: () => {
      if (readClaim(file)?.pid === process.pid) rmSync(file, { force: true })
    },
    note: (notes) => writePrivate(file, JSON.stringify({ ...me, ...notes })),
  }
}

const readClaim = (file: string): Claim | undefined => {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Claim
  } catch {
    // The file is missing, or a full disk has cut it short: nobody holds the folder.
    return undefined
  }
}

/** Owner of a file or folder, or undefined when it is not there. */
export const ownerOf = (file: string): { uid: number; gid: number } | undefined => {
  const stat = statSync(file, { throwIfNoEntry: false })
  return stat && { uid: stat.uid, gid: stat.gid }
}
