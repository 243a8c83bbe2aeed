import type { Memory } from '../../test/lab/usage.ts'
import type { BenchSystem } from './system.ts'
import { median } from './stats.ts'

const sampleEveryMs = 500

export interface MemoryWatch {
  readonly stop: () => Promise<readonly Memory[]>
}

/** Measures the memory of all processes every half second until it is stopped. */
export const watchMemory = (system: BenchSystem): MemoryWatch => {
  const samples: Memory[] = []
  let isStopped = false
  const watch = async () => {
    while (!isStopped) {
      samples.push(await system.memory())
      await new Promise((resolve) => setTimeout(resolve, sampleEveryMs))
    }
  }
  const watching = watch()
  return {
    stop: async () => {
      isStopped = true
      await watching
      return samples
    },
  }
}

/**
 * Growth in MB per ten minutes, from the medians of the first and the last third: garbage
 * collections make single samples jump.
 */
export const growthPerTenMinutes = (samples: readonly number[], seconds: number): number => {
  const third = Math.floor(samples.length / 3)
  if (third === 0) return Number.NaN
  const grown = median(samples.slice(-third)) - median(samples.slice(0, third))
  return (grown / ((seconds * 2) / 3)) * 600
}
