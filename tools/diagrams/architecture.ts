import {
  registry,
  serviceNames,
  servicesWithDatabase,
  type ServiceName,
} from '../../src/registry.ts'

const public_: ServiceName = 'gateway'

/** Boxes so narrow that all of them fit beside each other. */
const lineLength = 24

const wrapped = (text: string): string =>
  text.split(' ').reduce((lines, word) => {
    const line = lines.slice(lines.lastIndexOf('\n') + 1)
    const isFull = /[;:]$/.test(line) || line.length + 1 + word.length > lineLength
    return `${lines}${isFull ? '\n' : ' '}${word}`
  })

const serviceBox = (name: ServiceName): string => {
  const { defaultPort, purpose } = registry[name]
  const words = wrapped(purpose)
  return `    ${name}["\`**${name}** :${defaultPort}\n${words}\`"]`
}

/**
 * The architecture as mermaid text. Every box, database and arrow comes from the registry, which
 * the import rules and the manifests follow too.
 */
export const architectureText = (): string => {
  const calls = serviceNames.flatMap((from) => registry[from].upstreams.map((to) => ({ from, to })))
  const routed = calls.filter(({ from }) => from === public_)
  const between = calls.filter(({ from }) => from !== public_)
  const lines = [
    'flowchart TB',
    '    accTitle: The services, their databases and the only calls that are allowed',
    '    client(["client"])',
    ...serviceNames.map(serviceBox),
    ...servicesWithDatabase.map((name) => `    ${name}Database[("${name}<br/>database")]`),
    `    client --> ${public_}`,
    ...routed.map(({ from, to }) => `    ${from} -.-> ${to}`),
    ...between.map(({ from, to }) => `    ${from} ==> ${to}`),
    ...servicesWithDatabase.map((name) => `    ${name} --- ${name}Database`),
    '    classDef door fill:#f6f8fa,stroke:#59636e,color:#1f2328',
    '    classDef service fill:#ddf4ff,stroke:#0969da,color:#1f2328',
    '    classDef database fill:#fff8c5,stroke:#d4a72c,color:#1f2328',
    `    class client,${public_} door`,
    `    class ${serviceNames.filter((name) => name !== public_).join(',')} service`,
    `    class ${servicesWithDatabase.map((name) => `${name}Database`).join(',')} database`,
  ]
  return `${lines.join('\n')}\n`
}
