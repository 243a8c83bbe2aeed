import path from 'node:path'
import { createWholeLines, openLogFile, type LogLimits } from './log-files.ts'
import type { Paint } from './progress.ts'
import { createScreenLines, type ScreenLine } from './screen-lines.ts'

const textLines = (lines: Buffer) => lines.toString('utf8').split('\n').filter(Boolean)

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

/** Fields that every line has, or that are shown in a place of their own. */
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

const pluralOf = (level: number) => {
  if (level >= 50) return 'errors'
  return level >= 40 ? 'warnings' : 'lines'
}

/** Requests are of one kind when they have the same answer, whatever their addresses. */
const kindOf = (entry: Record<string, unknown>) => {
  const error = entry['err'] as { message?: string } | undefined
  const parts = [entry['msg'], entry['status'], entry['code'], error?.message]
  return parts
    .filter((part) => part !== undefined)
    .map(shorten)
    .join(' ')
}

export interface ServiceLog {
  /** Takes what the service wrote to its standard output: JSON lines. */
  readonly onOutput: (chunk: Buffer) => void
  /** Takes what it wrote to standard error: sentences, or a crash. */
  readonly onError: (chunk: Buffer) => void
  /** The process has ended: its last output is a line, too, even without an end of line. */
  readonly onEnd: () => void
  /** The last lines on standard error since the last call. */
  lastError(): string | undefined
  close(): void
}

export interface ServiceLogOptions {
  readonly service: string
  readonly folder: string
  readonly limits: LogLimits
  /** What is shown on the screen; the file gets everything. */
  readonly level: string
  readonly show: (line: string) => void
  readonly prefix: string
  readonly paint: Paint
}

/** Returns a line of a service as it is shown, or undefined when it is not for the screen. */
const toScreenLine = (line: string, threshold: number, paint: Paint): ScreenLine | undefined => {
  // Most lines are not for the screen. Their level tells so without parsing them.
  const level = Number(/^\{"level":(\d+)/.exec(line)?.[1] ?? Number.NaN)
  if (level < threshold) return undefined
  try {
    const entry = JSON.parse(line) as Record<string, unknown>
    const own = Number(entry['level'])
    if (!(own >= threshold)) return undefined
    return { kind: kindOf(entry), plural: pluralOf(own), text: format(entry, paint) }
  } catch {
    return { kind: 'no JSON', plural: 'lines', text: line }
  }
}

export const createServiceLog = (options: ServiceLogOptions): ServiceLog => {
  const { service, folder, limits, show, prefix, paint } = options
  const file = openLogFile(path.join(folder, `${service}.log`), limits)
  const threshold = levels[options.level] ?? 40
  let errorLines: string[] = []
  const screen = createScreenLines(
    (text) => show(`${prefix} ${text}`),
    (summary) => show(`${prefix} ${paint.dim(summary)}`),
  )
  const output = createWholeLines((lines) => {
    file.write(lines)
    for (const line of textLines(lines)) {
      const shown = toScreenLine(line, threshold, paint)
      if (shown) screen.take(shown)
    }
  })
  const errors = createWholeLines((lines) => {
    file.write(lines)
    errorLines = [...errorLines, ...textLines(lines)].slice(-30)
  })
  const onEnd = () => {
    output.flush()
    errors.flush()
  }
  return {
    onOutput: output.take,
    onError: errors.take,
    onEnd,
    lastError: () => {
      const last = errorIn(errorLines)
      errorLines = []
      return last
    },
    close: () => {
      onEnd()
      screen.close()
      file.close()
    },
  }
}

/** The message of a crash stands above its stack. A sentence stands alone. */
const errorIn = (lines: readonly string[]) =>
  lines.find((line) => /^(\w*Error\b|Error:)/.test(line)) ?? lines.at(-1)
