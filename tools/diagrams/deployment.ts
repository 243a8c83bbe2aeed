import {
  defaultAdminPort,
  registry,
  serviceNames,
  servicesWithDatabase,
} from '../../src/registry.ts'

const publicService = 'gateway'
const issuerService = 'identity'
/** So many arrows would hide the calls. */
const keysLine = ';\nall read its keys'

/**
 * The deployment as mermaid text. The edges come from the registry, as in k8s/, where each of them
 * is a network policy on both of its sides.
 */
export const deploymentText = (): string => {
  const inner = serviceNames.filter((name) => name !== publicService)
  const edges = serviceNames.flatMap((from) =>
    registry[from].upstreams.map(
      (to) => `    ${from} ${from === publicService ? '-.->' : '==>'} ${to}`,
    ),
  )
  const box = (name: (typeof serviceNames)[number]) =>
    `        ${name}["\`**${name}** :${registry[name].defaultPort}\n2 or more pods${name === issuerService ? keysLine : ''}\`"]`
  const lines = [
    'flowchart TB',
    '    accTitle: The deployment in Kubernetes',
    '    client(["arch.homework"])',
    '    ingress["Ingress or HTTPRoute"]',
    '    subgraph namespace["namespace arch-homework: Pod Security restricted, everything else denied"]',
    box(publicService),
    ...inner.map(box),
    '        postgres[("`**postgres** :5432',
    'one pod, one volume,',
    `${servicesWithDatabase.length} databases, each with two roles\`")]`,
    '        secrets["`**make-secrets**\na job, runs once`"]',
    '    end',
    '    client --> ingress',
    `    ingress --> ${publicService}`,
    ...edges,
    ...servicesWithDatabase.map((name) => `    ${name} --- postgres`),
    `    prometheus["metrics :${defaultAdminPort},\nfor Prometheus in its namespace"] -.- ${publicService}`,
    '    secrets -- makes missing Secrets --> api["API server"]',
    '    classDef door fill:#f6f8fa,stroke:#59636e,color:#1f2328',
    '    classDef service fill:#ddf4ff,stroke:#0969da,color:#1f2328',
    '    classDef database fill:#fff8c5,stroke:#d4a72c,color:#1f2328',
    `    class client,ingress,prometheus,api,${publicService} door`,
    `    class ${inner.join(',')},secrets service`,
    '    class postgres database',
  ]
  return `${lines.join('\n')}\n`
}
