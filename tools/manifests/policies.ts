import { defaultAdminPort, type ServiceName } from '../../src/registry.ts'
import { commented, head, listed } from './pieces.ts'
import { issuerService, type Outsider, type Plan } from './plan.ts'
import { monitoringNamespace } from './settings.ts'

/**
 * The network policy of each service: the calls of the registry on both of their sides, the
 * database, and the keys of the issuer, which everybody reads.
 */
const publicService: ServiceName = 'gateway'
const database = { name: 'postgres', port: 5432 }

/** Without a peer a rule is for everybody; without a rule nobody is let through. */
const ruleText = (direction: 'from' | 'to', peers: readonly string[], port: number) => {
  const selectors = peers.map(
    (peer) => `\n        - podSelector: { matchLabels: { app.kubernetes.io/name: ${peer} } }`,
  )
  return `
    - ${direction}:${selectors.join('')}
      ports:
        - { protocol: TCP, port: ${port} }`
}

const metricsText = (port: number) => `
    # Prometheus reads the metrics: monitoringNamespace in tools/manifests/settings.ts.
    - from:
        - namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: ${monitoringNamespace} } }
      ports:
        - { protocol: TCP, port: ${port} }`

/** A name cannot be in a policy, only addresses, and those may change any time. */
const anywhereText = (who: string, { port }: Outsider) => `
    # ${who} of 10-settings.yaml, wherever it is. If its addresses are known, add them: \`to: [ipBlock…]\`.
    - ports:
        - { protocol: TCP, port: ${port} }`

/** Everybody whom it reaches, the issuer whose keys it reads included. */
const reachedBy = ({ upstreamsOf, readsKeys }: Plan, name: ServiceName) => [
  ...new Set([...upstreamsOf(name), ...(readsKeys(name) ? [issuerService] : [])]),
]

const commentText = (name: ServiceName, plan: Plan) => {
  const { map, names, otherIssuer, upstreamsOf, readsKeys } = plan
  const callers = names.filter((from) => upstreamsOf(from).includes(name))
  const called = [...upstreamsOf(name), ...(map[name].hasDatabase ? ['its database'] : [])]
  const onlyReads = readsKeys(name) && !called.includes(issuerService)
  const keys = onlyReads ? `, and reads the keys of ${issuerService}` : ''
  const issuer = otherIssuer ? ', and reads the keys of the issuer' : keys
  const mayCall = `it may call ${listed(called) || 'nobody'}${issuer}.`
  if (name === publicService) {
    return `Everybody may call it; ${mayCall}
The metrics on ${defaultAdminPort} are for Prometheus alone.`
  }
  const readers = name === issuerService ? '; all services read its keys' : ''
  return `${listed(callers) || 'nobody'} may call it${readers}; ${mayCall}`
}

export const policyText = (name: ServiceName, plan: Plan) => {
  const { map, names, otherIssuer, collector } = plan
  const { defaultPort, hasDatabase } = map[name]
  const callers = names.filter((from) => reachedBy(plan, from).includes(name))
  const everybody = `
    - ports:
        - { protocol: TCP, port: ${defaultPort} }`
  const byRegistry = callers.length > 0 ? ruleText('from', callers, defaultPort) : ''
  const isPublic = name === publicService
  const metrics = metricsText(isPublic ? defaultAdminPort : defaultPort)
  const egress = [
    ...reachedBy(plan, name).map((to) => ruleText('to', [to], map[to].defaultPort)),
    ...(hasDatabase ? [ruleText('to', [database.name], database.port)] : []),
    ...(otherIssuer ? [anywhereText('The issuer', otherIssuer)] : []),
    ...(collector ? [anywhereText('The collector of traces', collector)] : []),
  ]
  return `
${commented(commentText(name, plan))}
${head('networking.k8s.io/v1', 'NetworkPolicy', name)}spec:
  podSelector:
    matchLabels:
      app.kubernetes.io/name: ${name}
  policyTypes: [Ingress, Egress]
  ingress:${isPublic ? everybody : byRegistry}${metrics}
  egress:${egress.join('') || ' []'}
`
}
