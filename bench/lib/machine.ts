import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism, cpus, platform, release, totalmem } from 'node:os'

/** What a figure is worth depends on where it was taken; who the machine belongs to does not. */
export interface Machine {
  readonly cores: number
  readonly cpu: string
  readonly memoryGb: number
  readonly system: string
  readonly node: string
  readonly postgres: string
}

export const describeMachine = (postgresVersion: string): Machine => ({
  cores: availableParallelism(),
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  memoryGb: Math.round(totalmem() / 2 ** 30),
  system: `${platform()} ${release().split('-')[0] ?? ''}`,
  node: process.versions.node,
  postgres: postgresVersion,
})

export const machineLine = (machine: Machine): string =>
  `${machine.cores} cores ${machine.cpu}, ${machine.memoryGb} GB, ${machine.system}, Node ${machine.node}, Postgres ${machine.postgres}`

/** Linux counts in hundredths of a second. */
const tickMicros = 10_000

const statOf = (pid: number): number[] | undefined => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name of the program stands in brackets and may contain anything.
    return text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number)
  } catch {
    return undefined
  }
}

/** The processes that a process has started and that live; none where the system does not tell. */
export const childrenOf = (parent: number): number[] => {
  if (platform() !== 'linux') return []
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && statOf(pid)?.[1] === parent)
}

/**
 * What Postgres used until now: its processes that live, and those that ended.
 * Only Linux tells; elsewhere there is no figure rather than a wrong one.
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

/** The CPU time of one of the bench's own processes, by the same clock. */
export const processCpuMicros = (pid: number): number | undefined => {
  const stat = statOf(pid)
  return stat && ((stat[11] ?? 0) + (stat[12] ?? 0)) * tickMicros
}

export interface Memory {
  /** What processes have for themselves, and what they share, counted once. */
  readonly ownMb: number
  /** The sum of what each seems to have: shared pages are counted as often as they are shared. */
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
