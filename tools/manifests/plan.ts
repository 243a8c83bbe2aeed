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

/** Somebody else's issuer: its keys are read at this port, wherever it is. */
export interface OtherIssuer {
  readonly port: number
}

export interface Plan {
  readonly map: Registry
  readonly otherIssuer: OtherIssuer | undefined
  /** The services that run. */
  readonly names: readonly ServiceName[]
  /** Whom a service calls, of those that run. */
  readonly upstreamsOf: (name: ServiceName) => readonly ServiceName[]
  /** Whether it reads the keys by which tokens are checked at our own issuer. */
  readonly readsKeys: (name: ServiceName) => boolean
}

export const createPlan = (map: Registry = registry, otherIssuer?: OtherIssuer): Plan => {
  const runs = (name: ServiceName) => otherIssuer === undefined || name !== issuerService
  return {
    map,
    otherIssuer,
    names: serviceNames.filter(runs),
    upstreamsOf: (name) => map[name].upstreams.filter(runs),
    readsKeys: (name) => runs(issuerService) && name !== issuerService,
  }
}

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
  const { ISSUER_URL: issuerUrl, JWKS_URL: keysUrl } = settings?.data ?? {}
  return createPlan(registry, issuerUrl ? { port: portOf(keysUrl ?? issuerUrl) } : undefined)
}
