import type { Machine } from './machine.ts'

/** What one order costs in one process. */
export interface ProcessCost {
  readonly process: string
  readonly cpuMicros: number
  readonly allocatedKb?: number
  readonly collectionMicros?: number
  readonly bytesIn?: number
  readonly bytesOut?: number
}

export interface StatementCost {
  readonly service: string
  readonly statement: string
  /** How often it ran for one order: less than one when callers shared it. */
  readonly perOrder: number
  readonly callersPerStatement: number
}

export interface WorkloadProfile {
  readonly clients: number
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly processes: readonly ProcessCost[]
  readonly commitsPerOrder?: number
  readonly walBytesPerOrder?: number
}

export interface HopTime {
  readonly hop: string
  readonly meanMs: number
}

export interface ProfileResults {
  readonly takenAt: string
  readonly command: string
  readonly machine: Machine
  readonly system: WorkloadProfile
  readonly statements: readonly StatementCost[]
  readonly oneClient: WorkloadProfile
  /** With one client: how long each hop takes, with everything that it waits for. */
  readonly hops: readonly HopTime[]
  readonly chain: WorkloadProfile
  readonly bare: WorkloadProfile
  readonly bareOneClient: WorkloadProfile
  readonly failures: number
}

export const totalMicros = ({ processes }: WorkloadProfile): number =>
  processes.reduce((total, { cpuMicros }) => total + cpuMicros, 0)
