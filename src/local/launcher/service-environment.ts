import { readConfig, type Environment } from '../../platform/base/config.ts'
import { publicKeysVariable, urlVariable } from '../../platform/base/variables.ts'
import { registry, serviceNames, type ServiceName } from '../../registry.ts'
import { databaseVariable, portVariable, type LaunchPlan } from './launch-plan.ts'
import { keyVariables, makeKeys, type ServiceKeys } from './service-keys.ts'

/** Variables that the launcher reads and that would mean something else to a service. */
const launcherOnly = new Set([
  'DATA_DIR',
  'DATABASE_URL',
  'PORT',
  'ADMIN_PORT',
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
}

/**
 * Each password that is checked takes 20 MB for a moment, which the C library of Linux would keep for
 * the next one, in each of its threads. With this it gives large pieces back at once, and gets them
 * in large pages: in small ones a check takes half as long again.
 */
const passwordVariables = {
  MALLOC_MMAP_THRESHOLD_: String(1 << 20),
  MALLOC_TRIM_THRESHOLD_: String(4 << 20),
  GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1',
} as const
const passwordServices: ReadonlySet<ServiceName> = new Set(['identity', 'user'])

/** The environment of one service: its own variables, and ours without those of the launcher. */
export const serviceEnvironment = (
  service: ServiceName,
  { plan, keys, environment }: Surroundings,
  databaseUrl: string | undefined,
): Record<string, string> => {
  const own: Record<string, string> = {
    ...keyVariables(service, keys),
    HOST: plan.host,
    PORT: String(plan.ports[service]),
    PUBLIC_URL: plan.publicUrl,
  }
  if (service === 'gateway') own['ADMIN_PORT'] = String(plan.adminPort)
  if (databaseUrl !== undefined) own['DATABASE_URL'] = databaseUrl
  // The keys of our own issuer are read by all, also by those who never call it.
  for (const other of new Set<ServiceName>([...registry[service].upstreams, 'identity'])) {
    if (!plan.services.includes(other)) continue
    own[urlVariable(other)] = `http://${plan.reachableHost}:${plan.ports[other]}`
  }
  const passedOn = Object.entries(environment).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !launcherOnly.has(entry[0]),
  )
  return {
    ...(passwordServices.has(service) ? passwordVariables : {}),
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
