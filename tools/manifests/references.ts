import { serviceNames } from '../../src/registry.ts'
import { podSpecPath, selects, type Catalog } from './catalog.ts'
import type { Path, Manifest } from './documents.ts'

/** What one manifest says of another is so: names, namespaces, keys, ports. */
export const namespace = 'arch-homework'
export const host = 'arch.homework'

const checkNames = (catalog: Catalog) => {
  const seen = new Set<string>()
  for (const manifest of catalog.manifests) {
    const { kind, name, namespace: given } = manifest
    const id = `${kind} ${name}`
    catalog.check(!seen.has(id), manifest, ['metadata', 'name'], `there is another ${id}`)
    seen.add(id)
    const expected = kind === 'Namespace' ? undefined : namespace
    const message = `${id} must be in the namespace ${namespace}`
    catalog.check(given === expected, manifest, ['metadata'], message)
  }
  if (!seen.has(`Namespace ${namespace}`)) {
    catalog.problems.push(`k8s: there is no Namespace ${namespace}`)
  }
  const [first] = catalog.manifests
  if (first) {
    const isFirst = first.kind === 'Namespace'
    catalog.check(
      isFirst,
      first,
      [],
      'the Namespace must come first, for the others are made in it',
    )
  }
}

const checkBackend = (
  catalog: Catalog,
  manifest: Manifest,
  path: Path,
  { name, port }: { readonly name?: string; readonly port?: string | number },
) => {
  const ports = catalog.find('Service', name ?? '')?.value.spec?.ports
  const isThere = ports?.some((each) => each.port === port || each.name === port)
  catalog.check(Boolean(isThere), manifest, path, `no Service ${name} has the port ${port}`)
  catalog.check(name === 'gateway', manifest, path, 'only the gateway is public')
}

const checkPublicAddress = (catalog: Catalog) => {
  for (const ingress of catalog.all('Ingress')) {
    const rules = ingress.value.spec?.rules ?? []
    catalog.check(rules.length > 0, ingress, ['spec'], 'there must be a rule')
    for (const [index, rule] of rules.entries()) {
      const path = ['spec', 'rules', index]
      catalog.check(rule.host === host, ingress, path, `the host must be ${host}`)
      for (const [place, { backend }] of (rule.http?.paths ?? []).entries()) {
        const at = [...path, 'http', 'paths', place]
        const { name, port } = backend.service ?? {}
        checkBackend(catalog, ingress, at, { name, port: port?.name ?? port?.number })
      }
    }
    const annotations = Object.keys(ingress.value.metadata?.annotations ?? {})
    const isPlain = annotations.length === 0 && ingress.value.spec?.ingressClassName === undefined
    catalog.check(isPlain, ingress, ['metadata'], 'must work with every ingress controller')
  }
  for (const route of catalog.all('HTTPRoute')) {
    const { hostnames, rules } = route.value.spec
    const isRight = hostnames?.join() === host
    catalog.check(isRight, route, ['spec', 'hostnames'], `the host must be ${host}`)
    for (const [index, { backendRefs }] of rules.entries()) {
      for (const backend of backendRefs) {
        checkBackend(catalog, route, ['spec', 'rules', index], backend)
      }
    }
  }
}

const checkVolumes = (catalog: Catalog) => {
  for (const manifest of [...catalog.all('Deployment'), ...catalog.all('StatefulSet')]) {
    const pod = manifest.value.spec?.template.spec
    const claims =
      manifest.kind === 'StatefulSet' ? catalog.find('StatefulSet', manifest.name) : undefined
    const volumes = new Set([
      ...(pod?.volumes ?? []).map(({ name }) => name),
      ...(claims?.value.spec?.volumeClaimTemplates ?? []).map(({ metadata }) => metadata?.name),
    ])
    for (const { configMap } of pod?.volumes ?? []) {
      if (!configMap) continue
      const isThere = catalog.find('ConfigMap', configMap.name ?? '') !== undefined
      catalog.check(isThere, manifest, podSpecPath, `there is no ConfigMap ${configMap.name}`)
    }
    for (const { volumeMounts, name: container } of pod?.containers ?? []) {
      for (const { name } of volumeMounts ?? []) {
        const message = `${container} mounts ${name}, which is no volume of the pod`
        catalog.check(volumes.has(name), manifest, podSpecPath, message)
      }
    }
  }
}

/** Postgres has a selector and a Service of its own, which no service of the registry has. */
const checkDatabaseSelectors = (catalog: Catalog) => {
  for (const manifest of catalog.all('StatefulSet')) {
    const { spec } = manifest.value
    const labels = spec?.template.metadata?.labels
    const isRight = selects(spec?.selector.matchLabels, labels)
    catalog.check(isRight, manifest, ['spec', 'selector'], 'selects none of its own pods')
    const address = catalog.need('Service', spec?.serviceName ?? '')
    if (!address) continue
    const isFound = selects(address.value.spec?.selector, labels)
    catalog.check(isFound, address, ['spec', 'selector'], `selects no pod of ${manifest.name}`)
  }
}

/** A password that nobody reads was renamed on one side only. */
const checkSecretsAreRead = (catalog: Catalog) => {
  const workloads = [...catalog.all('Deployment'), ...catalog.all('StatefulSet')]
  const read = new Set(
    workloads
      .flatMap(({ value }) => [
        ...(value.spec?.template.spec?.containers ?? []),
        ...(value.spec?.template.spec?.initContainers ?? []),
      ])
      .flatMap(({ env = [] }) => env.map(({ valueFrom }) => valueFrom?.secretKeyRef))
      .map((key) => `${key?.name} ${key?.key}`),
  )
  for (const secret of catalog.all('Secret')) {
    const isSilent = secret.value.stringData === undefined
    const message = 'use data: stringData is told as changed at every apply'
    catalog.check(isSilent, secret, ['stringData'], message)
    for (const key of Object.keys(secret.value.data ?? {})) {
      const isRead = read.has(`${secret.name} ${key}`)
      catalog.check(isRead, secret, ['data', key], `nobody reads ${key}`)
    }
  }
}

export const checkReferences = (catalog: Catalog) => {
  checkNames(catalog)
  checkPublicAddress(catalog)
  checkVolumes(catalog)
  checkDatabaseSelectors(catalog)
  checkSecretsAreRead(catalog)
  for (const service of serviceNames) catalog.need('NetworkPolicy', service)
}
