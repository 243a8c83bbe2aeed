import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { IConfigMap } from 'kubernetes-models/v1'
import { parseAllDocuments } from 'yaml'
import { registry, serviceNames, type ServiceEntry, type ServiceName } from '../../src/registry.ts'

/**
 * Which services the manifests run, and who calls whom. With `ISSUER_URL` in 10-settings.yaml
 * another issuer takes the place of identity, which then does not run.
 */
export type Registry = Readonly<Record<ServiceName, ServiceEntry>>

export const issuerService: ServiceName = 'identity'

/** What is not part of this system: it is reached at this port, wherever it is. */
export interface Outsider {
  readonly port: number
}

export interface Plan {
  readonly map: Registry
  /** Somebody else's issuer, whose keys are read. */
  readonly otherIssuer: Outsider | undefined
  /** Who collects traces. */
  readonly collector: Outsider | undefined
  /** The services that run. */
  readonly names: readonly ServiceName[]
  /** Whom a service calls, of those that run. */
  readonly upstreamsOf: (name: ServiceName) => readonly ServiceName[]
  /** Whether it reads the keys by which tokens are checked at our own issuer. */
  readonly readsKeys: (name: ServiceName) => boolean
}

interface Outsiders {
  readonly otherIssuer?: Outsider | undefined
  readonly collector?: Outsider | undefined
}

export const createPlan = (
  map: Registry = registry,
  { otherIssuer, collector }: Outsiders = {},
): Plan => {
  const runs = (name: ServiceName) => otherIssuer === undefined || name !== issuerService
  return {
    map,
    otherIssuer,
    collector,
    names: serviceNames.filter(runs),
    upstreamsOf: (name) => map[name].upstreams.filter(runs),
    readsKeys: (name) => runs(issuerService) && name !== issuerService,
  }
}

const outsiderAt = (text: string | undefined): Outsider | undefined =>
  text ? { port: portOf(text) } : undefined

const portOf = (text: string) => {
  // What is no address is told by the check of the variables.
  const url = URL.canParse(text) ? new URL(text) : undefined
  return Number(url?.port || (url?.protocol === 'http:' ? 80 : 443))
}

/** What the settings, which are written by hand, decide of the generated files. */
export const readPlan = (root: string): Plan => {
  const text = readFileSync(join(root, 'k8s', '10-settings.yaml'), 'utf8')
  const [settings] = [...parseAllDocuments(text)]
    .map((document) => document.toJS() as IConfigMap | null)
    .filter((document) => document?.metadata?.name === 'settings')
  const data = settings?.data ?? {}
  const { ISSUER_URL: issuerUrl, JWKS_URL: keysUrl } = data
  // The second names the address of traces alone, and goes before the first.
  const collector =
    data['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] ?? data['OTEL_EXPORTER_OTLP_ENDPOINT']
  return createPlan(registry, {
    otherIssuer: outsiderAt(issuerUrl && (keysUrl ?? issuerUrl)),
    collector: outsiderAt(collector),
  })
}
