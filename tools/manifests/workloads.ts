import packageJson from '../../package.json' with { type: 'json' }
import type { Config } from '../../src/platform/base/config.ts'
import { registry, serviceNames, type ServiceName } from '../../src/registry.ts'
import {
  containerPath,
  podSpecPath,
  selects,
  tagOf,
  type Catalog,
  type Container,
  type Labels,
} from './catalog.ts'
import type { Manifest, Path } from './documents.ts'
import { checkMigrationEnvironment, checkServiceEnvironment } from './environment.ts'
import { host } from './references.ts'

/** Each service of the registry has what it needs in the cluster, under its own name and port. */
const image = `orderly:${packageJson.version}`

/** The probes' addresses of platform/http-server.ts. */
const alive = '/healthz'
const ready = '/readyz'

/** Callers keep idle connections for so long, undici's coarse timers included; see platform/http-client.ts. */
const clientKeepAliveMs = 5_000
/** After the grace period, run-service.ts gives loops and connections this long. */
const exitMarginMs = 3_000

const numberedPort = (container: Container, port: string | number | undefined) =>
  typeof port === 'number'
    ? port
    : container.ports?.find(({ name }) => name === port)?.containerPort

const checkSecurity = (catalog: Catalog, manifest: Manifest, container: Container, path: Path) => {
  const { securityContext: given, resources } = container
  const check = (isRight: boolean, message: string) =>
    catalog.check(isRight, manifest, path, `${container.name} ${message}`)
  check(given?.readOnlyRootFilesystem === true, 'must have a read-only root file system')
  check(given?.allowPrivilegeEscalation === false, 'must not gain privileges')
  check(given?.capabilities?.drop?.join() === 'ALL', 'must drop all capabilities')
  check(
    Boolean(resources?.requests?.['cpu'] && resources.requests['memory']),
    'must request resources',
  )
  check(Boolean(resources?.limits?.['memory']), 'must have a memory limit')
}

const checkProbes = (
  catalog: Catalog,
  service: ServiceName,
  manifest: Manifest,
  container: Container,
  path: Path,
) => {
  // A service whose upstream is dead must stay in service: only its own database counts.
  const expected = {
    startupProbe: alive,
    readinessProbe: registry[service].hasDatabase ? ready : alive,
    livenessProbe: alive,
  }
  for (const [name, address] of Object.entries(expected)) {
    const probe = container[name as keyof typeof expected]?.httpGet
    const at = [...path, name]
    catalog.check(probe?.path === address, manifest, at, `the ${name} must ask ${address}`)
    const port = numberedPort(container, probe?.port)
    const expectedPort = registry[service].defaultPort
    catalog.check(port === expectedPort, manifest, at, `the ${name} must ask port ${expectedPort}`)
  }
}

const checkGrace = (
  catalog: Catalog,
  manifest: Manifest,
  container: Container,
  { drainDelayMs, shutdownGraceMs }: Config,
  graceSeconds: number,
) => {
  const preStopMs = (container.lifecycle?.preStop?.sleep?.seconds ?? 0) * 1_000
  const needed = (preStopMs + drainDelayMs + shutdownGraceMs + exitMarginMs) / 1_000
  const at = [...podSpecPath, 'terminationGracePeriodSeconds']
  catalog.check(preStopMs > 0, manifest, podSpecPath, 'a preStop sleep is missing')
  catalog.check(
    graceSeconds >= needed,
    manifest,
    at,
    `terminationGracePeriodSeconds must be at least ${needed}, or pods are killed while they drain`,
  )
  catalog.check(
    drainDelayMs > clientKeepAliveMs,
    manifest,
    podSpecPath,
    `DRAIN_DELAY_MS must be longer than the ${clientKeepAliveMs} ms for which clients keep a connection`,
  )
}

const checkDeployment = (catalog: Catalog, service: ServiceName) => {
  const manifest = catalog.need('Deployment', service)
  const spec = manifest?.value.spec
  const pod = spec?.template.spec
  if (!manifest || !spec || !pod) return
  const { hasDatabase } = registry[service]
  const check = (isRight: boolean, path: Path, message: string) =>
    catalog.check(isRight, manifest, path, message)
  check(spec.replicas === undefined, ['spec', 'replicas'], 'the autoscaler says how many')
  check(pod.automountServiceAccountToken === false, podSpecPath, 'must not mount an account token')
  check(pod.enableServiceLinks === false, podSpecPath, 'must switch enableServiceLinks off')
  check(pod.securityContext?.runAsNonRoot === true, podSpecPath, 'must not run as root')

  const [container, ...others] = pod.containers
  const path = containerPath('containers', 0)
  if (container?.name !== service || others.length > 0) {
    return check(false, path, `the one container must be named ${service}`)
  }
  check(container.args?.join(' ') === service, path, `the argument must be ${service}`)
  checkSecurity(catalog, manifest, container, path)
  checkProbes(catalog, service, manifest, container, path)
  const config = checkServiceEnvironment(catalog, service, manifest, container, path)
  if (config) {
    const { defaultPort } = registry[service]
    const isServed = container.ports?.some(({ containerPort }) => containerPort === config.port)
    check(config.port === defaultPort, path, `PORT must be ${defaultPort}, as in the registry`)
    check(Boolean(isServed), path, `no containerPort is PORT, ${config.port}`)
    check(config.host === '0.0.0.0', path, 'HOST must be 0.0.0.0, or nobody reaches the pod')
    const isCalled = service !== 'gateway' || config.publicHosts.includes(host)
    check(isCalled, path, `PUBLIC_HOSTS must name ${host}, or it answers 421 there`)
    checkGrace(catalog, manifest, container, config, pod.terminationGracePeriodSeconds ?? 30)
  }

  const migrations = pod.initContainers ?? []
  const shown = spec.template.metadata?.annotations?.['kubectl.kubernetes.io/default-container']
  check(
    migrations.length === 0 || shown === service,
    ['spec', 'template', 'metadata'],
    `${service} must be the default container for kubectl`,
  )
  check(migrations.length === (hasDatabase ? 1 : 0), podSpecPath, 'who has a database migrates it')
  for (const [index, migration] of migrations.entries()) {
    const at = containerPath('initContainers', index)
    check(migration.args?.join(' ') === `migrate ${service}`, at, `must migrate ${service}`)
    checkSecurity(catalog, manifest, migration, at)
    checkMigrationEnvironment(catalog, service, manifest, migration, at)
  }
  for (const each of [container, ...migrations]) {
    check(tagOf(each.image) === image, path, `the image must be ${image}, as package.json says`)
  }
}

const checkSelectors = (catalog: Catalog, service: ServiceName) => {
  const deployment = catalog.find('Deployment', service)
  const template = deployment?.value.spec?.template
  if (!deployment || !template) return
  const labels: Labels = template.metadata?.labels ?? {}
  const others = [...catalog.all('Deployment'), ...catalog.all('StatefulSet')].filter(
    (each) => each.name !== service,
  )
  const check = (manifest: Manifest, path: Path, selector: Labels | undefined) => {
    const name = `the ${manifest.kind} ${manifest.name}`
    catalog.check(selects(selector, labels), manifest, path, `${name} selects no pod of ${service}`)
    const strays = others.filter((each) =>
      selects(selector, each.value.spec?.template.metadata?.labels),
    )
    const names = strays.map((each) => each.name).join(', ')
    catalog.check(strays.length === 0, manifest, path, `${name} also selects pods of ${names}`)
  }
  check(deployment, ['spec', 'selector'], deployment.value.spec?.selector.matchLabels)
  const spread = template.spec?.topologySpreadConstraints ?? []
  catalog.check(spread.length > 0, deployment, podSpecPath, 'pods must be spread over the nodes')
  for (const [index, { labelSelector }] of spread.entries()) {
    const path = [...podSpecPath, 'topologySpreadConstraints', index]
    check(deployment, path, labelSelector?.matchLabels)
  }
  const address = catalog.need('Service', service)
  if (address) check(address, ['spec', 'selector'], address.value.spec?.selector)
  const budget = catalog.need('PodDisruptionBudget', service)
  if (budget) check(budget, ['spec', 'selector'], budget.value.spec?.selector?.matchLabels)
}

const checkService = (catalog: Catalog, service: ServiceName) => {
  const manifest = catalog.find('Service', service)
  const [container] =
    catalog.find('Deployment', service)?.value.spec?.template.spec?.containers ?? []
  const [port, ...others] = manifest?.value.spec?.ports ?? []
  if (!manifest || !container || !port) return
  const { defaultPort } = registry[service]
  const at = ['spec', 'ports', 0]
  catalog.check(others.length === 0, manifest, at, 'only the public port belongs into the Service')
  catalog.check(port.port === defaultPort, manifest, at, `the port must be ${defaultPort}`)
  const target = numberedPort(container, port.targetPort ?? port.port)
  catalog.check(target === defaultPort, manifest, at, `the target must be ${defaultPort}`)
}

const checkAutoscaler = (catalog: Catalog, service: ServiceName) => {
  const manifest = catalog.need('HorizontalPodAutoscaler', service)
  const spec = manifest?.value.spec
  if (!manifest || !spec) return
  const { apiVersion, kind, name } = spec.scaleTargetRef
  const target = `${apiVersion} ${kind} ${name}`
  const isRight = target === `apps/v1 Deployment ${service}`
  catalog.check(
    isRight,
    manifest,
    ['spec', 'scaleTargetRef'],
    `must scale the Deployment ${service}`,
  )
  const min = spec.minReplicas ?? 1
  catalog.check(min >= 2, manifest, ['spec', 'minReplicas'], 'there must be 2 replicas at least')
}

export const checkWorkloads = (catalog: Catalog) => {
  for (const service of serviceNames) {
    checkDeployment(catalog, service)
    checkSelectors(catalog, service)
    checkService(catalog, service)
    checkAutoscaler(catalog, service)
  }
  const known = new Set<string>(serviceNames)
  for (const manifest of catalog.all('Deployment').filter(({ name }) => !known.has(name))) {
    catalog.complain(manifest, [], `the registry has no service ${manifest.name}`)
  }
}
