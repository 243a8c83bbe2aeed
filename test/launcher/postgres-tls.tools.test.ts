import { execFile, execFileSync } from 'node:child_process'
import { chownSync, chmodSync, copyFileSync, statSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { openDataFolder } from '../../src/local/postgres/data-folder.ts'
import { startEmbeddedPostgres } from '../../src/local/postgres/embedded.ts'
import { provision } from '../../src/local/postgres/provision.ts'
import { projectRoot } from '../../tools/run-tool.ts'
import { whenFileEnds } from '../lab/cleanup.ts'
import { eventually } from '../lab/wait.ts'
import { needTools } from '../lab/need.ts'

/**
 * Proves what docs/scaling.md says about a Postgres behind TLS: `verify-full` accepts the server
 * only with a certificate of a known authority and for its own name, and `require` accepts any
 * certificate.
 */
needTools('openssl')

let folder: string
let cluster: string
let address: URL
let serverPid: number

const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })

/** Makes our own authority, and the server's key. */
const makeAuthority = () => {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  const ca = ['-keyout', 'ca.key', '-out', 'ca.crt', '-days', '2', '-subj', '/CN=test authority']
  openssl('req', '-x509', ...key, ...ca)
  openssl('req', ...key, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=database')
}

/** The server reads its key only when it owns the file and no other user may read it. */
const place = (name: string) => {
  const { uid, gid } = statSync(cluster)
  const file = path.join(cluster, name)
  copyFileSync(path.join(folder, name), file)
  chownSync(file, uid, gid)
  chmodSync(file, 0o600)
}

const certify = (serverName: string) => {
  writeFileSync(path.join(folder, 'names'), `subjectAltName=DNS:${serverName}\n`)
  const signing = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2']
  const names = ['-extfile', 'names', '-out', 'server.crt']
  openssl('x509', '-req', '-in', 'server.csr', ...signing, ...names)
  place('server.crt')
}

/** A process of its own, because Node reads the authorities when it starts. */
const migrate = (sslmode: string, authority?: string) => {
  const url = new URL(address)
  url.searchParams.set('sslmode', sslmode)
  const env = {
    DATABASE_URL: url.href,
    ...(authority === undefined ? {} : { NODE_EXTRA_CA_CERTS: path.join(folder, authority) }),
  }
  const args = ['src/main.ts', 'migrate', 'notification']
  return new Promise<string>((resolve) => {
    execFile(process.execPath, args, { cwd: projectRoot, env }, (error, _stdout, stderr) =>
      resolve(error ? stderr : 'migrated'),
    )
  })
}

describe('a Postgres behind TLS', { timeout: 60_000 }, () => {
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'orderly-tls-'))
    makeAuthority()
    const data = openDataFolder(path.join(folder, 'data'))
    const first = await startEmbeddedPostgres({ data })
    const services = ['notification'] as const
    const made = await provision({ adminUrl: first.url, services, secret: '', isOurServer: true })
    await first.stop()
    cluster = data.file('postgres')
    certify('localhost')
    place('server.key')
    const settings = { ssl: 'on', ssl_cert_file: 'server.crt', ssl_key_file: 'server.key' }
    const server = await startEmbeddedPostgres({ data, settings })
    serverPid = server.pid
    address = new URL(made.ownerUrls.notification as string)
    address.port = String(server.port)
    address.hostname = 'localhost'
    whenFileEnds(async () => {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    })
  }, 120_000)

  it('is accepted when its certificate is by a known authority, and for its name', async () => {
    expect(await migrate('verify-full', 'ca.crt')).toBe('migrated')
  })

  it('is not accepted when the authority of its certificate is unknown', async () => {
    expect(await migrate('verify-full')).toMatch(/cannot be migrated \(.*certificate/)
  })

  it('is accepted by sslmode=require with any certificate', async () => {
    expect(await migrate('require')).toBe('migrated')
  })

  it('is not accepted with a certificate for another name', async () => {
    certify('elsewhere.example')
    process.kill(serverPid, 'SIGHUP')
    await eventually(
      async () => {
        const outcome = await migrate('verify-full', 'ca.crt')
        expect(outcome).toMatch(/cannot be migrated \(.*does not match certificate/)
      },
      { withinMs: 40_000 },
    )
  })
})
