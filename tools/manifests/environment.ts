import type { IContainer } from 'kubernetes-models/v1'
import { readConfig, readVariables, type Config } from '../../src/platform/base/config.ts'
import {
  auditVariables,
  migrationVariables,
  variablesOf,
} from '../../src/platform/base/variables.ts'
import { makeSecrets } from '../../src/cluster/secrets.ts'
import type { ServiceName } from '../../src/registry.ts'
import { booksName } from './books.ts'
import type { Catalog, Manifest } from './documents.ts'
import type { Plan } from './plan.ts'
import { graceSeconds, preStopSeconds, publicHost } from './settings.ts'

/**
 * The environment that a container will see, worked out as Kubernetes does, and
 * whether config.ts understands it: most of it comes from ConfigMaps that are
 * written by hand, and from Secrets, which are made here as the cluster makes them.
 */
type EnvVar = NonNullable<IContainer['env']>[number]

const reference = /\$\(([A-Z0-9_]+)\)/g
/** Read by Node itself: the authorities that a Postgres behind TLS is believed by. */
const readByNode = 'NODE_EXTRA_CA_CERTS'

const secrets = new Map(makeSecrets().map(({ name, values }) => [name, values]))

/** What the ConfigMap or the Secret holds that a variable is taken from. */
const lookUp = (catalog: Catalog, manifest: Manifest, { valueFrom }: EnvVar) => {
  const { configMapKeyRef, secretKeyRef } = valueFrom ?? {}
  // That each Secret and its keys are made is checked in secret-references.ts.
  if (secretKeyRef) return secrets.get(secretKeyRef.name ?? '')?.[secretKeyRef.key] ?? ''
  const { name, key = '' } = configMapKeyRef ?? {}
  const found = catalog.find('ConfigMap', name)?.value.data?.[key]
  catalog.check(found !== undefined, manifest, [], `ConfigMap ${name} has no ${key}`)
  return found ?? ''
}

const environmentOf = (
  catalog: Catalog,
  manifest: Manifest,
  { args = [], env = [], envFrom = [] }: IContainer,
  known: object,
) => {
  const variables: Record<string, string> = {}
  const parts = env.flatMap(({ value }) => value?.match(reference) ?? [])
  const add = (name: string, value: string, from: Manifest) => {
    variables[name] = value
    const isRead = name in known || name === readByNode || parts.includes(`$(${name})`)
    const message = `${args.join(' ')} reads no variable ${name}`
    catalog.check(isRead, from, from === manifest ? [] : ['data', name], message)
  }
  for (const { configMapRef } of envFrom) {
    const map = catalog.find('ConfigMap', configMapRef?.name)
    if (!map) continue
    for (const [name, value] of Object.entries(map.value.data ?? {})) add(name, value, map)
  }
  for (const variable of env) {
    const { name, value } = variable
    const whole = value?.replaceAll(reference, (_, part: string) => variables[part] ?? '')
    add(name, whole ?? lookUp(catalog, manifest, variable), manifest)
  }
  return variables
}

/** Callers keep idle connections for so long, undici's coarse timers included; see platform/calls. */
const clientKeepAliveMs = 5_000
/** After the grace period, run-service.ts gives loops and connections this long. */
const exitMarginMs = 3_000

type Check = (isRight: boolean, message: string) => void

/** What has a default for laptops, which is wrong in a pod. */
const checkConfig = (check: Check, { host, drainDelayMs, shutdownGraceMs }: Config) => {
  const neededMs = preStopSeconds * 1_000 + drainDelayMs + shutdownGraceMs + exitMarginMs
  const isGraceEnough = graceSeconds * 1_000 >= neededMs
  const grace = `terminationGracePeriodSeconds must be ${neededMs / 1_000}, or draining pods are killed`
  const drain = `DRAIN_DELAY_MS must be more than ${clientKeepAliveMs}: clients keep connections so long`
  check(host === '0.0.0.0', 'HOST must be 0.0.0.0, or nobody reaches the pod')
  check(drainDelayMs > clientKeepAliveMs, drain)
  check(isGraceEnough, grace)
}

const attempt = <Value>(check: Check, read: () => Value): Value | undefined => {
  try {
    return read()
  } catch (error) {
    check(false, (error as Error).message)
    return undefined
  }
}

const checkService = (catalog: Catalog, service: ServiceName) => {
  const manifest = catalog.find('Deployment', service)
  if (!manifest) return
  const { containers = [], initContainers = [] } = manifest.value.spec?.template.spec ?? {}
  const check: Check = (isRight, message) =>
    catalog.check(isRight, manifest, [], `${service}: ${message}`)
  for (const container of containers) {
    const seen = environmentOf(catalog, manifest, container, variablesOf(service).shape)
    const config = attempt(check, () => readConfig(service, seen))
    if (config) checkConfig(check, config)
  }
  for (const container of initContainers) {
    const seen = environmentOf(catalog, manifest, container, migrationVariables.shape)
    attempt(check, () => readVariables(migrationVariables, seen))
  }
}

/** Tokens name it, and the pages of our own issuer lead back to it. */
const checkPublicUrl = (catalog: Catalog) => {
  const map = catalog.find('ConfigMap', 'settings')
  const url = map?.value.data?.['PUBLIC_URL'] ?? ''
  if (!map || !URL.canParse(url)) return
  const { hostname, protocol } = new URL(url)
  const hasCertificate = catalog.all('Ingress').some(({ value }) => value.spec?.tls)
  const check = (isRight: boolean, message: string) =>
    catalog.check(isRight, map, ['data', 'PUBLIC_URL'], `PUBLIC_URL must ${message}`)
  check(hostname === publicHost, `lead to ${publicHost}`)
  check(!hasCertificate || protocol === 'https:', 'be https://, as the Ingress has a certificate')
}

/** The audit finds each database by a variable of its own. */
const checkBooks = (catalog: Catalog) => {
  const manifest = catalog.find('CronJob', booksName)
  const { containers = [] } = manifest?.value.spec?.jobTemplate.spec?.template.spec ?? {}
  if (!manifest) return
  const check: Check = (isRight, message) =>
    catalog.check(isRight, manifest, [], `${booksName}: ${message}`)
  for (const container of containers) {
    const seen = environmentOf(catalog, manifest, container, auditVariables.shape)
    attempt(check, () => readVariables(auditVariables, seen))
  }
}

export const checkEnvironments = (catalog: Catalog, { names }: Plan) => {
  checkPublicUrl(catalog)
  for (const service of names) checkService(catalog, service)
  checkBooks(catalog)
}
