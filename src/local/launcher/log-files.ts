import {
  closeSync,
  fstatSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import path from 'node:path'

/** How much of the logs stays on the disk. */
export interface LogLimits {
  /** A file that would grow beyond this is put aside, and a new one is begun. */
  readonly maxBytes: number
  /** How many of the files that were put aside are kept. */
  readonly filesKept: number
  /** A file older than this is put aside, and one that nobody has written to for so long is removed. */
  readonly maxAgeMs: number
}

export interface LogFile {
  /** Takes whole lines. */
  write(lines: Buffer): void
  close(): void
}

/** Files that were put aside become too old also while the newest one stays short. */
const lookEveryMs = 3_600_000
const newLine = 10

/** The files that were put aside, the oldest first: `order.log.1` is the youngest. */
const putAsideOf = (file: string): { readonly path: string; readonly number: number }[] => {
  const start = `${path.basename(file)}.`
  return readdirSync(path.dirname(file))
    .filter((name) => name.startsWith(start) && /^\d+$/.test(name.slice(start.length)))
    .map((name) => ({
      path: path.join(path.dirname(file), name),
      number: Number(name.slice(start.length)),
    }))
    .toSorted((one, other) => other.number - one.number)
}

const removeOld = (file: string, { filesKept, maxAgeMs }: LogLimits) => {
  for (const old of putAsideOf(file)) {
    const ageMs = Date.now() - (statSync(old.path, { throwIfNoEntry: false })?.mtimeMs ?? 0)
    if (old.number > filesKept || ageMs > maxAgeMs) rmSync(old.path, { force: true })
  }
}

const putAside = (file: string, limits: LogLimits) => {
  for (const old of putAsideOf(file)) renameSync(old.path, `${file}.${old.number + 1}`)
  renameSync(file, `${file}.1`)
  removeOld(file, limits)
}

/** A killed process may have left half a line. Nothing must be added to it. */
const endsInLine = (descriptor: number, size: number) => {
  if (size === 0) return false
  const last = Buffer.alloc(1)
  readSync(descriptor, last, 0, 1, size - 1)
  return last[0] !== newLine
}

const open = (file: string) => {
  const descriptor = openSync(file, 'a+', 0o600)
  const { size, birthtimeMs } = fstatSync(descriptor)
  return {
    descriptor,
    bytes: size,
    isInLine: endsInLine(descriptor, size),
    // Some file systems do not know when a file began.
    begunAtMs: birthtimeMs || Date.now(),
  }
}

/** Opens a log file that begins anew when it is too long or too old. It never cuts a line in two. */
export const openLogFile = (file: string, limits: LogLimits): LogFile => {
  let current = open(file)
  let lookedAtMs = 0
  let isOpen = true

  const mayHold = (more: number) =>
    current.bytes === 0 ||
    (current.bytes + more <= limits.maxBytes && Date.now() - current.begunAtMs <= limits.maxAgeMs)

  const makeRoom = (more: number) => {
    if (!mayHold(more)) {
      closeSync(current.descriptor)
      try {
        putAside(file, limits)
      } finally {
        current = open(file)
      }
    }
    if (Date.now() - lookedAtMs > lookEveryMs) {
      lookedAtMs = Date.now()
      removeOld(file, limits)
    }
  }

  const append = (bytes: Buffer) => {
    for (let written = 0; written < bytes.length;) {
      const count = writeSync(current.descriptor, bytes, written)
      written += count
      current.bytes += count
      current.isInLine = bytes[written - 1] !== newLine
    }
  }

  makeRoom(0)
  return {
    write: (lines) => {
      if (!isOpen) return
      try {
        makeRoom(lines.length)
        if (current.isInLine) append(Buffer.from('\n'))
        append(lines)
      } catch {
        // A full disk must not end the services: their lines are lost until there is room.
      }
    },
    close: () => {
      if (isOpen) closeSync(current.descriptor)
      isOpen = false
    },
  }
}

const longestLineBytes = 1_000_000

/**
 * Passes on whole lines only, whatever the chunks: two streams that write to one file would mix
 * their lines.
 */
export const createWholeLines = (onLines: (lines: Buffer) => void) => {
  let rest: Buffer = Buffer.alloc(0)
  const flush = () => {
    if (rest.length > 0) onLines(Buffer.concat([rest, Buffer.from('\n')]))
    rest = Buffer.alloc(0)
  }
  return {
    take: (chunk: Buffer) => {
      const end = chunk.lastIndexOf(newLine) + 1
      if (end > 0) onLines(Buffer.concat([rest, chunk.subarray(0, end)]))
      rest = end > 0 ? chunk.subarray(end) : Buffer.concat([rest, chunk])
      if (rest.length > longestLineBytes) flush()
    },
    /** The writer has ended: the rest is the whole of its last line. */
    flush,
  }
}
