import type { INetworkPolicyPeer } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicyPeer'
import type { INetworkPolicyPort } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicyPort'
import { registry, serviceNames, servicesWithDatabase } from '../../src/registry.ts'
import { selects, type Catalog, type Labels, type Typed } from './catalog.ts'
import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy'

/**
 * The network policies allow exactly the calls of the registry, each of them on
 * both sides: as leaving the caller and as entering the callee.
 */
type Policy = Typed<INetworkPolicy>
type Selector = NonNullable<INetworkPolicy['spec']>['podSelector']
type Direction = 'ingress' | 'egress'

const database = 'postgres'
const everybody = 'everybody'
const dnsPolicy = 'allow-dns'

const expectedEdges = () => {
  const calls = serviceNames.flatMap((from) =>
    registry[from].upstreams.map((to) => `${from} -> ${to}:${registry[to].defaultPort}`),
  )
  const stored = servicesWithDatabase.map((name) => `${name} -> ${database}:5432`)
  return [...calls, ...stored]
}

const publicEdge = `${everybody} -> gateway:${registry.gateway.defaultPort}`

const createEdgeReader = (catalog: Catalog) => {
  const workloads = [...catalog.all('Deployment'), ...catalog.all('StatefulSet')].map((each) => ({
    name: each.name,
    labels: each.value.spec?.template.metadata?.labels as Labels | undefined,
  }))

  const podsOf = (selector: Selector): string[] =>
    workloads
      .filter(({ labels }) => {
        const { matchLabels = {}, matchExpressions = [] } = selector ?? {}
        const byLabels = Object.keys(matchLabels).length === 0 || selects(matchLabels, labels)
        const byExpressions = matchExpressions.every(({ key, operator, values = [] }) => {
          const isAmong = values.includes(labels?.[key] ?? '')
          return operator === 'In' ? isAmong : operator === 'NotIn' ? !isAmong : false
        })
        return byLabels && byExpressions
      })
      .map(({ name }) => name)

  const peersOf = (peers: readonly INetworkPolicyPeer[] | undefined) =>
    peers === undefined || peers.length === 0
      ? [everybody]
      : peers.flatMap(({ podSelector, namespaceSelector, ipBlock }) =>
          namespaceSelector || ipBlock ? [everybody] : podsOf(podSelector),
        )

  const portsOf = (ports: readonly INetworkPolicyPort[] | undefined) =>
    ports?.map(({ port, protocol = 'TCP' }) =>
      protocol === 'TCP' ? String(port) : `${port}/${protocol}`,
    ) ?? ['any']

  /** Every edge that a policy allows, as `from -> to:port`. */
  const edgesOf = ({ value }: Policy, direction: Direction): string[] => {
    const own = podsOf(value.spec?.podSelector)
    const rules =
      direction === 'ingress'
        ? (value.spec?.ingress ?? []).map(({ from, ports }) => ({ peers: from, ports }))
        : (value.spec?.egress ?? []).map(({ to, ports }) => ({ peers: to, ports }))
    return rules.flatMap(({ peers, ports }) =>
      own.flatMap((self) =>
        peersOf(peers).flatMap((peer) => {
          const [from, to] = direction === 'ingress' ? [peer, self] : [self, peer]
          return portsOf(ports).map((port) => `${from} -> ${to}:${port}`)
        }),
      ),
    )
  }
  return { edgesOf, podsOf }
}

const checkDenial = (catalog: Catalog) => {
  const denial = catalog.need('NetworkPolicy', 'deny-all')
  const spec = denial?.value.spec
  if (!denial || !spec) return
  const types = [...(spec.policyTypes ?? [])].sort().join()
  const isWhole =
    Object.keys(spec.podSelector ?? {}).length === 0 &&
    types === 'Egress,Ingress' &&
    !spec.ingress?.length &&
    !spec.egress?.length
  catalog.check(isWhole, denial, ['spec'], 'deny-all must deny everything to everybody, both ways')
}

const checkDns = (catalog: Catalog, podsOf: (selector: Selector) => string[]) => {
  const dns = catalog.need('NetworkPolicy', dnsPolicy)
  const spec = dns?.value.spec
  if (!dns || !spec) return
  const asking = podsOf(spec.podSelector)
  for (const service of serviceNames) {
    catalog.check(asking.includes(service), dns, ['spec'], `${service} must be able to ask DNS`)
  }
  const ports = (spec.egress ?? []).flatMap((rule) => rule.ports ?? [])
  const allowed = ports.map(({ protocol, port }) => `${protocol} ${port}`).sort()
  const isRight = allowed.join() === 'TCP 53,UDP 53' && spec.egress?.length === 1
  catalog.check(isRight, dns, ['spec', 'egress'], 'DNS needs port 53 by UDP and TCP, and only that')
}

export const checkNetwork = (catalog: Catalog) => {
  const { edgesOf, podsOf } = createEdgeReader(catalog)
  checkDenial(catalog)
  checkDns(catalog, podsOf)
  const policies = catalog.all('NetworkPolicy').filter(({ name }) => name !== dnsPolicy)
  for (const direction of ['ingress', 'egress'] as const) {
    const expected = new Set(expectedEdges())
    if (direction === 'ingress') expected.add(publicEdge)
    const missing = new Set(expected)
    for (const policy of policies) {
      for (const edge of edgesOf(policy, direction)) {
        missing.delete(edge)
        const message = `allows ${edge} (${direction}), which the registry does not`
        catalog.check(expected.has(edge), policy, ['spec', direction], message)
      }
    }
    for (const edge of missing) {
      catalog.problems.push(`k8s: no NetworkPolicy allows ${edge} (${direction})`)
    }
  }
}
