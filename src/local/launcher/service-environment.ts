import { readConfig, type Environment } from '../../platform/base/config.ts'
import { publicKeysVariable, urlVariable } from '../../platform/base/variables.ts'
import { registry, serviceNames, type ServiceName } from '../../registry.ts'
import { databaseVariable } from '../../platform/base/variables.ts'
import { nameOf, portVariable, type LaunchPlan } from './launch-plan.ts'
import { mallocVariables } from './node-options.ts'
import { labHost, type Ways } from './with-lab.ts'
import { keyVariables, makeKeys, type ServiceKeys } from './service-keys.ts'

/** Variables that the launcher reads and that would mean something else to a service. */
const launcherOnly = new Set([
  'DATA_DIR',
  'DATABASE_URL',
  'PORT',
  'ADMIN_PORT',
  'LAB_PORT',
  'LAB_URL',
  'SERVICE_KEY',
  'LOG_FILE_MAX_MB',
  'LOG_FILES_KEPT',
  'LOG_MAX_DAYS',
  ...serviceNames.flatMap((name) => [
    portVariable(name),
    databaseVariable(name),
    urlVariable(name),
    publicKeysVariable(name),
  ]),
])

/** What the environment of every service is made of. */
export interface Surroundings {
  readonly plan: LaunchPlan
  readonly keys: ServiceKeys
  /** Our own. */
  readonly environment: Environment
  /** Undefined: everybody reaches everybody directly. */
  readonly ways?: Ways | undefined
}

/** It checks many passwords, and that takes half as long again if memory comes in small pages. */
const largePages = { GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1' } as const

/** The environment of one service: its own variables, and ours without those of the launcher. */
export const serviceEnvironment = (
  service: ServiceName,
  { plan, keys, environment, ways }: Surroundings,
  databaseUrl: string | undefined,
): Record<string, string> => {
  const own: Record<string, string> = {
    ...keyVariables(service, keys),
    HOST: plan.host,
    PORT: String(plan.ports[service]),
    PUBLIC_URL: plan.publicUrl,
  }
  if (service === 'gateway') own['ADMIN_PORT'] = String(plan.adminPort)
  if (service === 'gateway' && plan.lab) {
    own['LAB_URL'] = `http://${nameOf(labHost)}:${plan.lab.port}`
  }
  if (databaseUrl !== undefined) {
    own['DATABASE_URL'] = ways?.toDatabase(service, databaseUrl) ?? databaseUrl
  }
  // The keys of our own issuer are read by all, also by those who never call it.
  for (const other of new Set<ServiceName>([...registry[service].upstreams, 'identity'])) {
    if (!plan.services.includes(other)) continue
    const direct = `http://${plan.reachableHost}:${plan.ports[other]}`
    own[urlVariable(other)] = ways?.toService(service, other) ?? direct
  }
  const passedOn = Object.entries(environment).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !launcherOnly.has(entry[0]),
  )
  return {
    ...mallocVariables,
    ...(service === 'identity' ? largePages : {}),
    ...Object.fromEntries(passedOn),
    ...own,
  }
}

/** Finds wrong variables of the services before anything is started or written. */
export const checkServiceVariables = (plan: LaunchPlan, environment: Environment) => {
  const surroundings = { plan, keys: makeKeys(), environment }
  for (const service of plan.services) {
    const { hasDatabase } = registry[service]
    const placeholder = hasDatabase ? 'postgres://127.0.0.1/later' : undefined
    readConfig(service, serviceEnvironment(service, surroundings, placeholder))
  }
}
