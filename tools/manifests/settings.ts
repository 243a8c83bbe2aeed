import packageJson from '../../package.json' with { type: 'json' }
import type { ServiceName } from '../../src/registry.ts'

/**
 * What the generated manifests say and the registry does not know. After a
 * change: `npm run manifests`.
 */

/**
 * The image of every service and migration. In a registry it gets its whole
 * name here, best with its digest: `registry.example.com/orderly@sha256:…`.
 */
export const image = `orderly:${packageJson.version}`

export const namespace = 'arch-homework'

/** Where Prometheus runs: the services let this namespace read their metrics, and nobody else. */
export const monitoringNamespace = 'monitoring'

/** The public name: also in PUBLIC_URL of 10-settings.yaml, 50-ingress.yaml and gateway-api/httproute.yaml. */
export const publicHost = 'arch.homework'

/** How long a pod goes on as before, until everybody knows that it is leaving. */
export const preStopSeconds = 3
/** How long a pod has to end: preStop, DRAIN_DELAY_MS, SHUTDOWN_GRACE_MS, and 3 s for what is left. */
export const graceSeconds = 30

export interface Resources {
  readonly cpu: string
  readonly memory: string
}

interface ServiceSettings {
  /** The files are applied in the order of their names: whoever is called comes first. */
  readonly file: string
  /** The autoscaler's upper limit; connections are counted with it. The lower limit is 2. */
  readonly maxPods: number
  readonly requests: Resources
  readonly limits: Resources
  /** Variables that only this service has, and the comment that explains them to readers of the file. */
  readonly variables: Readonly<Record<string, { readonly value: string; readonly why: string }>>
}

const usual = {
  maxPods: 4,
  requests: { cpu: '50m', memory: '96Mi' },
  limits: { cpu: '1', memory: '256Mi' },
  variables: {},
}

const publicNames = ['', '.svc', '.svc.cluster.local'].map((end) => `gateway.${namespace}${end}`)

export const settings: Readonly<Record<ServiceName, ServiceSettings>> = {
  notification: { ...usual, file: '30-notification.yaml' },
  billing: { ...usual, file: '31-billing.yaml' },
  user: {
    ...usual,
    file: '32-user.yaml',
    variables: {
      SIGN_UPS_PER_HOUR: {
        value: '60',
        why: `How many people may sign up from one address. Offices and phone networks share one address
among many; 0 lifts the limit.`,
      },
    },
  },
  order: { ...usual, file: '33-order.yaml' },
  company: { ...usual, file: '35-company.yaml' },
  booking: { ...usual, file: '36-booking.yaml' },
  // Each password that is checked takes some 20 MiB for a moment, beside what the pages take.
  identity: {
    ...usual,
    file: '34-identity.yaml',
    requests: { cpu: '50m', memory: '160Mi' },
    limits: { cpu: '1', memory: '384Mi' },
  },
  gateway: {
    ...usual,
    file: '40-gateway.yaml',
    maxPods: 6,
    variables: {
      PUBLIC_HOSTS: {
        value: [publicHost, ...publicNames].join(','),
        why: `The names by which it may be called: that of 50-ingress.yaml, and its own in the cluster
(\`gateway\`, addresses and localhost are known). Another one is answered 421.`,
      },
      PROXY_HOPS: {
        value: '1',
        why: `How many proxies in front of it write X-Forwarded-For: the Ingress controller. With a load
balancer before that which writes it, too, 2. Limits per address count by what they write.`,
      },
    },
  },
}
