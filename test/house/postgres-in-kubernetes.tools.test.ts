import { spawnSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { IStatefulSet } from 'kubernetes-models/apps/v1'
import postgres from 'postgres'
import { beforeAll, describe, expect, it } from 'vitest'
import { makeSecrets } from '../../src/cluster/secrets.ts'
import { openDataFolder } from '../../src/local/postgres/data-folder.ts'
import { startEmbeddedPostgres } from '../../src/local/postgres/embedded.ts'
import { readManifests } from '../../tools/manifests/documents.ts'
import { projectRoot } from '../../tools/run-tool.ts'
import { migrateDatabase } from '../../src/platform/database/migrate.ts'
import { whenFileEnds } from '../lab/cleanup.ts'
import { needTools } from '../lab/need.ts'

/**
 * Runs the scripts and rules of k8s/20-postgres.yaml on a real Postgres: who may connect, and how
 * it takes over roles that were changed.
 */
const { manifests } = readManifests(path.join(projectRoot, 'k8s'))
const dataOf = (kind: string, name: string) =>
  manifests.find((each) => each.kind === kind && each.name === name)?.value as {
    readonly data: Record<string, string>
  }

const scripts = dataOf('ConfigMap', 'postgres-provisioning').data
const secrets = Object.fromEntries(makeSecrets().map(({ name, values }) => [name, values]))
const billing = secrets['billing-secrets'] ?? {}

/** The projected volume of the pod: which file holds which key of which Secret. */
const passwordFiles = () => {
  const server = manifests.find(({ kind }) => kind === 'StatefulSet')?.value as IStatefulSet
  const { volumes = [] } = server.spec?.template.spec ?? {}
  const sources = volumes.flatMap(({ projected }) => projected?.sources ?? [])
  return sources.flatMap(({ secret }) =>
    (secret?.items ?? []).map((item) => ({
      file: `passwords/${item.path}`,
      text: secrets[secret?.name ?? '']?.[item.key] ?? '',
    })),
  )
}

needTools('psql', 'pg_isready', 'bash')

let folder: string
let administrator: URL

/** The pod finds these files in fixed places. The test has them in its own folder. */
const place = async (file: string, text: string) => {
  const here = text
    .replaceAll('/passwords/', `${folder}/passwords/`)
    .replaceAll('/provisioning/', `${folder}/`)
    .replaceAll('/var/run/postgresql', folder)
  await mkdir(path.dirname(path.join(folder, file)), { recursive: true })
  await writeFile(path.join(folder, file), here)
}

const insidePod = (program: string, ...args: string[]) =>
  spawnSync(program, args, {
    env: { PATH: process.env['PATH'], PGHOST: folder, PGPORT: administrator.port },
    encoding: 'utf8',
  })

const provision = () => {
  const { status, stderr } = insidePod('bash', path.join(folder, 'provision.sh'))
  return { status, stderr }
}

const urlOf = (database: string, role: string, password = '') => {
  const url = new URL(administrator)
  return Object.assign(url, { pathname: `/${database}`, username: role, password }).href
}

const outcomeOf = async (url: string, text = 'select 1') => {
  const sql = postgres(url, { max: 1, fetch_types: false, onnotice: () => {} })
  try {
    await sql.unsafe(text)
    return 'done'
  } catch (error) {
    return (error as Error).message
  } finally {
    await sql.end({ timeout: 1 })
  }
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'orderly-pod-'))
  // The server may run as another user than the test.
  await chmod(folder, 0o777)
  for (const [file, text] of Object.entries(scripts)) await place(file, text)
  for (const { file, text } of passwordFiles()) await place(file, text)
  const server = await startEmbeddedPostgres({
    data: openDataFolder(path.join(folder, 'data')),
    settings: { hba_file: path.join(folder, 'pg_hba.conf'), unix_socket_directories: folder },
  })
  whenFileEnds(async () => {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  })
  administrator = new URL(server.url)
}, 60_000)

describe('the Postgres of k8s/', () => {
  it('can be provisioned again and again', () => {
    expect(provision()).toEqual({ status: 0, stderr: '' })
    expect(provision()).toEqual({ status: 0, stderr: '' })
  })

  it('lets the administrator in from inside the pod only, whatever the password', async () => {
    expect(await outcomeOf(administrator.href)).toMatch(/pg_hba.conf rejects connection/)
    const inside = insidePod('psql', '-U', 'postgres', '-Atc', 'select current_user')
    expect(inside.stdout.trim()).toBe('postgres')
  })

  it('gives each service an owner and a role that owns nothing', async () => {
    const owner = urlOf('billing', 'billing', billing['owner-password'])
    const service = urlOf('billing', 'billing_service', billing['password'])
    await migrateDatabase({ url: service, ownerUrl: owner, service: 'billing' })
    expect(await outcomeOf(service, 'select balance from accounts')).toBe('done')
    expect(await outcomeOf(service, 'alter table accounts disable trigger all')).toMatch(/owner/)
    expect(await outcomeOf(urlOf('billing', 'billing_service', 'wrong'))).toMatch(/password/)
    const foreign = urlOf('order', 'billing_service', billing['password'])
    expect(await outcomeOf(foreign)).toMatch(/permission denied for database/)
  })

  it('takes over another role while the one before goes on', async () => {
    const owner = urlOf('billing', 'billing', billing['owner-password'])
    const before = urlOf('billing', 'billing_service', billing['password'])
    await place('passwords/billing/role', 'billing_second')
    await place('passwords/billing/password', 'another')
    expect(provision()).toEqual({ status: 0, stderr: '' })
    const after = urlOf('billing', 'billing_second', 'another')
    await migrateDatabase({ url: after, ownerUrl: owner, service: 'billing' })
    for (const url of [before, after]) {
      expect(await outcomeOf(url, 'select balance from accounts')).toBe('done')
    }
    const drop = ['-c', 'drop owned by billing_service', '-c', 'drop role billing_service']
    const gone = insidePod('psql', '-U', 'postgres', '-d', 'billing', ...drop)
    expect(gone.stderr).toBe('')
    expect(await outcomeOf(before)).toMatch(/password authentication failed/)
    expect(await outcomeOf(after, 'select balance from accounts')).toBe('done')
  })
})
