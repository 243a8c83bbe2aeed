import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** What processes use, as the operating system reports it: most of it only on Linux. */
const isLinux = process.platform === 'linux'

/** Linux counts in hundredths of a second. */
const tickMicros = 10_000

const statOf = (pid: number): number[] | undefined => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name of the program is in brackets and may contain anything.
    return text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number)
  } catch {
    return undefined
  }
}

/** The processes that a process started and that still run; none if the system does not tell. */
const childrenOf = (parent: number): number[] => {
  if (!isLinux) return []
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && statOf(pid)?.[1] === parent)
}

/**
 * The CPU time of Postgres until now: of processes that run, and of those that ended. Only Linux
 * tells it; elsewhere there is no number, because it would be wrong.
 */
export const postgresCpuMicros = (postmasterPid: number): number | undefined => {
  const postmaster = statOf(postmasterPid)
  if (!postmaster) return undefined
  const [utime = 0, stime = 0, cutime = 0, cstime = 0] = postmaster.slice(11, 15)
  let ticks = utime + stime + cutime + cstime
  for (const pid of childrenOf(postmasterPid)) {
    const stat = statOf(pid)
    ticks += (stat?.[11] ?? 0) + (stat?.[12] ?? 0)
  }
  return ticks * tickMicros
}

/** The CPU time of one process, by the same clock. */
export const processCpuMicros = (pid: number): number | undefined => {
  const stat = statOf(pid)
  return stat && ((stat[11] ?? 0) + (stat[12] ?? 0)) * tickMicros
}

export interface Memory {
  /** The memory of each process alone, plus the shared memory, counted once. */
  readonly ownMb: number
  /** The sum over all processes. It counts a shared page once for each process. */
  readonly rssMb: number
}

const kilobytes = (text: string, names: readonly string[]) =>
  names.reduce((total, name) => {
    const found = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)
    return total + Number(found?.[1] ?? 0)
  }, 0)

/** Five processes share the code of one Node: Linux tells which pages those are. */
export const memoryOf = (pids: readonly number[]): Memory => {
  let own = 0
  let shared = 0
  let rss = 0
  for (const pid of pids) {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
    own += kilobytes(text, ['Private_Clean', 'Private_Dirty'])
    shared = Math.max(shared, kilobytes(text, ['Shared_Clean', 'Shared_Dirty']))
    rss += kilobytes(text, ['Rss'])
  }
  return { ownMb: ((own + shared) * 1_024) / 1e6, rssMb: (rss * 1_024) / 1e6 }
}

/** All memory of a process, including shared pages. */
export const rssMbOf = (pid: number): number => {
  if (isLinux) return kilobytes(readFileSync(`/proc/${pid}/status`, 'utf8'), ['VmRSS']) / 1_024
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1_024
}

export const descriptorsOf = (pid: number): number | undefined =>
  isLinux ? readdirSync(`/proc/${pid}/fd`).length : undefined

/** The most memory that a process has had until now. Undefined when it is gone, or not on Linux. */
export const peakMemoryMb = (pid: number): number | undefined => {
  try {
    const [, kilobytesAtMost] =
      /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return kilobytesAtMost === undefined ? undefined : Number(kilobytesAtMost) / 1_024
  } catch {
    return undefined
  }
}
