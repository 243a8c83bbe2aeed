import { isDeepStrictEqual } from 'node:util'
import { isServiceName, registry, servicesWithDatabase } from '../../src/registry.ts'
import type { Catalog, Manifest } from './documents.ts'
import { booksFile, booksName } from './books.ts'
import { secretsFile } from './secrets-job.ts'
import { namespace, publicHost, settings } from './settings.ts'

/** What the manifests written by hand say of each other and of the generated ones is so. */
const checkNames = (catalog: Catalog) => {
  const seen = new Set<string>()
  for (const [index, manifest] of catalog.manifests.entries()) {
    const { kind, name, header } = manifest
    const id = `${kind} ${name}`
    const isNamespace = id === `Namespace ${namespace}`
    const isPlaced = isNamespace || header.metadata?.namespace === namespace
    const isKnown = kind !== 'Deployment' || isServiceName(name)
    const check = (isRight: boolean, message: string) =>
      catalog.check(isRight, manifest, ['metadata', 'name'], message)
    check(!seen.has(id), `there is another ${id}`)
    check(isPlaced, `${id} must be in the namespace ${namespace}`)
    check(isNamespace === (index === 0), `the Namespace ${namespace} must come first`)
    check(isKnown, `the registry has no service ${name}`)
    seen.add(id)
  }
}

const labelled = (name: string) => ({ 'app.kubernetes.io/name': name })
const podsOf = (name: string) => ({ podSelector: { matchLabels: labelled(name) } })
const tcp = (port: number) => ({ protocol: 'TCP', port })
const bothWays = ['Ingress', 'Egress']
const notPostgres = { key: 'app.kubernetes.io/name', operator: 'NotIn', values: ['postgres'] }
const publicPort = registry.gateway.defaultPort
const everyPath = { type: 'PathPrefix', value: '/' }
const backend = { service: { name: 'gateway', port: { name: 'http' } } }

/** Who lets whom in, as far as it is written by hand: these and no others. */
const expectedDoors: Readonly<Record<string, object>> = {
  'NetworkPolicy deny-all': { podSelector: {}, policyTypes: bothWays },
  'NetworkPolicy allow-dns': {
    podSelector: { matchExpressions: [notPostgres] },
    policyTypes: ['Egress'],
    egress: [{ ports: [{ protocol: 'UDP', port: 53 }, tcp(53)] }],
  },
  'NetworkPolicy postgres': {
    ...podsOf('postgres'),
    policyTypes: bothWays,
    ingress: [{ from: [...servicesWithDatabase, booksName].map(podsOf), ports: [tcp(5432)] }],
  },
  'Service postgres': {
    selector: labelled('postgres'),
    ports: [{ name: 'postgres', port: 5432, targetPort: 'postgres' }],
  },
  'Ingress gateway': {
    rules: [{ host: publicHost, http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }],
  },
  'HTTPRoute gateway': {
    hostnames: [publicHost],
    rules: [
      { matches: [{ path: everyPath }], backendRefs: [{ name: 'gateway', port: publicPort }] },
    ],
  },
}
/** What differs from cluster to cluster: where DNS answers, the certificate, the Gateway. */
const ownOfTheCluster = new Set(['to', 'tls', 'parentRefs'])

/** They are compared whole with what is generated. */
const generatedFiles = [
  secretsFile,
  booksFile,
  ...Object.values(settings).map(({ file }) => file),
].map((file) => `k8s/${file}`)

const checkDoors = (catalog: Catalog) => {
  const missing = new Set(Object.keys(expectedDoors))
  const doors = (['NetworkPolicy', 'Service', 'Ingress', 'HTTPRoute'] as const)
    .flatMap((kind): Manifest<{ readonly spec?: object }>[] => catalog.all(kind))
    .filter(({ file }) => !generatedFiles.includes(file))
  for (const door of doors) {
    const id = `${door.kind} ${door.name}`
    const expected = expectedDoors[id]
    missing.delete(id)
    const given = JSON.stringify(door.value.spec ?? {}, (key, value: unknown) =>
      ownOfTheCluster.has(key) ? undefined : value,
    )
    const isRight = isDeepStrictEqual(JSON.parse(given), expected)
    const isPlain = door.header.metadata?.annotations === undefined
    const right = expected
      ? `must be ${JSON.stringify(expected)}`
      : 'opens what the registry does not'
    catalog.check(isRight, door, ['spec'], right)
    catalog.check(isPlain, door, ['metadata'], 'must work with every controller')
  }
  for (const id of missing) catalog.problems.push(`k8s: there is no ${id}`)
}

export const checkReferences = (catalog: Catalog) => {
  checkNames(catalog)
  checkDoors(catalog)
}
