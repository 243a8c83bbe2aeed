import { availableParallelism, cpus, platform, release, totalmem } from 'node:os'

/** A measured value depends on the machine. Whose machine it is does not matter. */
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
