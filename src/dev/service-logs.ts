import { closeSync, fstatSync, openSync, renameSync, statSync, writeSync } from 'node:fs'
import path from 'node:path'
import type { Paint } from './progress.ts'

const maxFileBytes = 16_000_000

export interface LogFile {
  write(chunk: Buffer): void
  close(): void
}

/** A file that begins anew when it has grown too long; the one before it is kept. */
export const openLogFile = (file: string, maxBytes = maxFileBytes): LogFile => {
  const rotate = () => renameSync(file, `${file}.old`)
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > maxBytes) rotate()
  let descriptor = openSync(file, 'a', 0o600)
  let bytes = fstatSync(descriptor).size
  let isOpen = true
  return {
    write: (chunk) => {
      if (!isOpen) return
      try {
        if (bytes > maxBytes) {
          closeSync(descriptor)
          rotate()
          descriptor = openSync(file, 'a', 0o600)
          bytes = 0
        }
        bytes += writeSync(descriptor, chunk)
      } catch {
        // A full disk must not end the services: what they say is lost until there is room.
      }
    },
    close: () => {
      if (isOpen) closeSync(descriptor)
      isOpen = false
    },
  }
}

/** Cuts a stream into lines, whatever its chunks. */
export const createLineSplitter = (onLine: (line: string) => void) => {
  let rest = ''
  const maxLine = 64_000
  return (chunk: Buffer) => {
    const lines = (rest + chunk.toString('utf8')).split('\n')
    rest = (lines.pop() as string).slice(-maxLine)
    for (const line of lines) if (line !== '') onLine(line)
  }
}

const levels: Readonly<Record<string, number>> = {
  trace: 10,
  debug: 20,
  info: 30,
  warn: 40,
  error: 50,
  fatal: 60,
  silent: Number.POSITIVE_INFINITY,
}

const nameOfLevel = (level: number) =>
  Object.entries(levels).find(([, number]) => number === level)?.[0] ?? String(level)

/** What every line has, or what is shown in a place of its own. */
const commonFields = new Set(['level', 'time', 'pid', 'hostname', 'service', 'name', 'msg', 'err'])

const shorten = (value: unknown): string => {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > 200 ? `${text.slice(0, 200)}…` : text
}

const format = (entry: Record<string, unknown>, paint: Paint): string => {
  const level = Number(entry['level'])
  const error = entry['err'] as { message?: string; stack?: string } | undefined
  const time = new Date(Number(entry['time']) || Date.now()).toLocaleTimeString('en-GB')
  const colour = level >= 50 ? paint.red : level >= 40 ? paint.yellow : paint.dim
  const details = Object.entries(entry)
    .filter(([name]) => !commonFields.has(name))
    .map(([name, value]) => `${name}=${shorten(value)}`)
  const what = [entry['msg'], error?.message && error.message !== entry['msg'] ? error.message : '']
  return [
    paint.dim(time),
    colour(nameOfLevel(level).padEnd(5)),
    what.filter(Boolean).join(': '),
    paint.dim(details.join(' ')),
  ]
    .filter(Boolean)
    .join(' ')
}

export interface ServiceLog {
  /** Takes what the service wrote to its standard output: JSON lines. */
  readonly onOutput: (chunk: Buffer) => void
  /** Takes what it wrote to standard error: sentences, or a crash. */
  readonly onError: (chunk: Buffer) => void
  /** The last lines on standard error since the last call. */
  lastWords(): string | undefined
  close(): void
}

export interface ServiceLogOptions {
  readonly service: string
  readonly folder: string
  /** What is shown on the screen; the file gets everything. */
  readonly level: string
  readonly show: (line: string) => void
  readonly prefix: string
  readonly paint: Paint
}

export const createServiceLog = (options: ServiceLogOptions): ServiceLog => {
  const { service, folder, show, prefix, paint } = options
  const file = openLogFile(path.join(folder, `${service}.log`))
  const threshold = levels[options.level] ?? 40
  let words: string[] = []

  const showJson = createLineSplitter((line) => {
    // Most lines are not for the screen, and are known as such without being parsed.
    const level = Number(/^\{"level":(\d+)/.exec(line)?.[1] ?? Number.NaN)
    if (level < threshold) return
    try {
      const entry = JSON.parse(line) as Record<string, unknown>
      if (Number(entry['level']) >= threshold) show(`${prefix} ${format(entry, paint)}`)
    } catch {
      show(`${prefix} ${line}`)
    }
  })
  const showError = createLineSplitter((line) => {
    words = [...words.slice(-30), line]
  })
  return {
    onOutput: (chunk) => {
      file.write(chunk)
      showJson(chunk)
    },
    onError: (chunk) => {
      file.write(chunk)
      showError(chunk)
    },
    lastWords: () => {
      const last = mostTelling(words)
      words = []
      return last
    },
    close: () => file.close(),
  }
}

/** The message of a crash stands above its stack; a sentence stands alone. */
const mostTelling = (lines: readonly string[]) =>
  lines.find((line) => /^(\w*Error\b|Error:)/.test(line)) ?? lines.at(-1)
