import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism, loadavg } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ServiceName } from '../../../src/registry.ts'
import type { Stand } from '../../lab/stand.ts'

/** What a process holds, as the operating system sees it. */
const rssMbOf = (pid: number): number => {
  if (process.platform === 'linux') {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1_024
  }
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1_024
}

const descriptorsOf = (pid: number): number | undefined =>
  process.platform === 'linux' ? readdirSync(`/proc/${pid}/fd`).length : undefined

const ticksPerSecond = 100

/** Where there is no /proc, nobody can tell: every run then counts the same. */
const cpuSecondsOf = (pid: number): number | undefined => {
  if (process.platform !== 'linux') return undefined
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

/** How many processes wanted each core before we came: all that is timed takes that much longer. */
export const machineSlowness = (): number =>
  Math.max(1, (loadavg()[0] ?? 0) / availableParallelism())

export type Amounts = ReadonlyMap<ServiceName, number>

const measure = (stand: Pick<Stand, 'processes'>, look: (pid: number) => number | undefined) => {
  const found = new Map<ServiceName, number>()
  for (const [name, process] of stand.processes) {
    const pid = process.isRunning() ? process.pid() : undefined
    const amount = pid === undefined ? undefined : look(pid)
    if (amount !== undefined) found.set(name, amount)
  }
  return found
}

export const rssMb = (stand: Pick<Stand, 'processes'>): Amounts => measure(stand, rssMbOf)

export const cpuSeconds = (stand: Pick<Stand, 'processes'>): Amounts => measure(stand, cpuSecondsOf)

export const openDescriptors = (stand: Pick<Stand, 'processes'>): Amounts =>
  measure(stand, descriptorsOf)

/** The least of some looks: what is held, without what the next collection takes away. */
export const settledRssMb = async (stand: Pick<Stand, 'processes'>): Promise<Amounts> => {
  const least = new Map(rssMb(stand))
  for (let look = 0; look < 5; look += 1) {
    await sleep(300)
    for (const [name, mb] of rssMb(stand)) least.set(name, Math.min(mb, least.get(name) ?? mb))
  }
  return least
}

export const showAmounts = (amounts: Amounts, unit: string): string =>
  [...amounts].map(([name, amount]) => `${name} ${Math.round(amount)}${unit}`).join(', ')
