import { availableParallelism, loadavg } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ServiceName } from '../../../src/registry.ts'
import type { System } from '../../lab/system.ts'
import { descriptorsOf, processCpuMicros, rssMbOf } from '../../lab/usage.ts'

/** Returns how many processes want each core. Everything that is timed takes that much longer. */
export const machineSlowness = (): number =>
  Math.max(1, (loadavg()[0] ?? 0) / availableParallelism())

export type Amounts = ReadonlyMap<ServiceName, number>

type Processes = Pick<System, 'processes'>

const measure = (system: Processes, look: (pid: number) => number | undefined) => {
  const found = new Map<ServiceName, number>()
  for (const process of system.processes) {
    const pid = process.isRunning() ? process.pid() : undefined
    const amount = pid === undefined ? undefined : look(pid)
    if (amount !== undefined) found.set(process.service, amount)
  }
  return found
}

export const rssMb = (system: Processes): Amounts => measure(system, rssMbOf)

/** Where nobody can tell, there are none, and every run counts the same. */
export const cpuSeconds = (system: Processes): Amounts =>
  measure(system, (pid) => {
    const micros = processCpuMicros(pid)
    return micros === undefined ? undefined : micros / 1e6
  })

export const openDescriptors = (system: Processes): Amounts => measure(system, descriptorsOf)

/** Returns the least of several readings: the memory without what the next collection frees. */
export const settledRssMb = async (system: Processes): Promise<Amounts> => {
  const least = new Map(rssMb(system))
  for (let look = 0; look < 5; look += 1) {
    await sleep(300)
    for (const [name, mb] of rssMb(system)) least.set(name, Math.min(mb, least.get(name) ?? mb))
  }
  return least
}

export const showAmounts = (amounts: Amounts, unit: string): string =>
  [...amounts].map(([name, amount]) => `${name} ${Math.round(amount)}${unit}`).join(', ')
