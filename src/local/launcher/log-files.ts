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

/** How much of the logs is kept on the disk. */
export interface LogLimits {
  /** A file that would grow beyond this is put aside, and a new one begun. */
  readonly maxBytes: number
  /** How many files that were put aside are kept beside the newest. */
  readonly filesKept: number
  /** A file that was begun so long ago is put aside, and one that nobody wrote to since is removed. */
  readonly maxAgeMs: number
}

export interface LogFile {
  /** Takes whole lines. */
  write(lines: Buffer): void
  close(): void
}

/** Files that were put aside grow old also while nothing makes the newest one long. */
const lookEveryMs = 3_600_000
const newLine = 10

/** `order.log.1` is the youngest of those put aside. */
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

/** Somebody who was killed may have left half a line, to which nothing must be added. */
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

/** A file that begins anew when it is too long or too old; no line is ever cut in two. */
export const openLogFile = (file: string, limits: LogLimits): LogFile => {
  let current = open(file)
  let lookedAtMs = 0
  let isOpen = true

  const mayHold = (more: number) =>
    current.bytes === 0 ||
    (current.bytes + more <= limits.maxBytes && Date.now() - current.begunAtMs <= limits.maxAgeMs)

  const tidy = (more: number) => {
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

  tidy(0)
  return {
    write: (lines) => {
      if (!isOpen) return
      try {
        tidy(lines.length)
        if (current.isInLine) append(Buffer.from('\n'))
        append(lines)
      } catch {
        // A full disk must not end the services: what they say is lost until there is room.
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
 * Passes on whole lines only, whatever the chunks: two streams that share a file
 * would tear each other's lines apart.
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
    /** Whoever wrote has ended: what is there is all of its last line. */
    flush,
  }
}
