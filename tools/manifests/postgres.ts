import { containerPath, type Catalog, type Container } from './catalog.ts'
import type { Manifest, Path } from './documents.ts'

/**
 * What the Postgres of k8s/ must not lose by a small change: the time that a
 * recovery may take, and an administrator whom nobody reaches from outside.
 */
const recoverySeconds = 3_600

const path = containerPath('containers', 0)

/** Whoever ends a server in its recovery makes it begin again, and so for ever. */
const checkRecovery = (catalog: Catalog, manifest: Manifest, server: Container) => {
  const { startupProbe, livenessProbe, lifecycle } = server
  const { periodSeconds = 10, failureThreshold = 3 } = startupProbe ?? {}
  const check = (isRight: boolean, at: Path, message: string) =>
    catalog.check(isRight, manifest, [...path, ...at], message)
  check(
    periodSeconds * failureThreshold >= recoverySeconds,
    ['startupProbe'],
    `Postgres must have ${recoverySeconds} s to recover`,
  )
  check(
    lifecycle?.postStart === undefined,
    ['lifecycle'],
    'the startup probe alone decides how long Postgres may recover: no postStart',
  )
  check(
    livenessProbe?.tcpSocket !== undefined,
    ['livenessProbe'],
    'the livenessProbe must be content with a port that is open, as it is in a recovery',
  )
}

const hbaFile = '/provisioning/pg_hba.conf'
const refusal = ['host', 'all', 'postgres', 'all', 'reject']

/** The first line that fits decides, so the refusal must come before all others by network. */
const checkAdministrator = (catalog: Catalog, manifest: Manifest, server: Container) => {
  const isUsed = server.args?.includes(`hba_file=${hbaFile}`) ?? false
  catalog.check(isUsed, manifest, [...path, 'args'], `hba_file must be ${hbaFile}`)
  const rules = catalog.find('ConfigMap', 'postgres-provisioning')
  const lines = rules?.value.data?.['pg_hba.conf']?.split('\n') ?? []
  const first = lines.find((line) => line.startsWith('host'))?.split(/\s+/)
  catalog.check(
    first?.join(' ') === refusal.join(' '),
    rules ?? manifest,
    ['data', 'pg_hba.conf'],
    `the first host line must be \`${refusal.join(' ')}\`: nobody else keeps the administrator inside`,
  )
}

/** The script reads passwords from files, whose names no model knows. */
const checkPasswordFiles = (catalog: Catalog) => {
  const secret = catalog.find('Secret', 'database-passwords')
  const scripts = catalog.find('ConfigMap', 'postgres-provisioning')
  if (!secret || !scripts) return
  for (const [file, text] of Object.entries(scripts.value.data ?? {})) {
    for (const [, key = ''] of text.matchAll(/\/passwords\/([\w.-]+)/g)) {
      const isThere = secret.value.data?.[key] !== undefined
      catalog.check(isThere, scripts, ['data', file], `${secret.name} has no ${key}`)
    }
  }
}

export const checkPostgres = (catalog: Catalog) => {
  const manifest = catalog.need('StatefulSet', 'postgres')
  const [server] = manifest?.value.spec?.template.spec?.containers ?? []
  if (!manifest || !server) return
  checkRecovery(catalog, manifest, server)
  checkAdministrator(catalog, manifest, server)
  checkPasswordFiles(catalog)
}
