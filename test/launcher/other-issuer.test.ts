import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import postgres from 'postgres'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { freePort } from '../../src/local/postgres/free-port.ts'
import { registry, serviceNames } from '../../src/registry.ts'
import { whenFileEnds } from '../lab/cleanup.ts'
import {
  childrenOf,
  dataFolder,
  environmentOf,
  launch,
  pidOf,
  type Launcher,
} from '../lab/launcher.ts'
import { nowSeconds, writeToken } from '../lab/tokens.ts'
import { command } from './people.ts'

vi.setConfig({ testTimeout: 60_000 })

const { privateKey, publicKey } = generateKeyPairSync('ed25519')
let issuer: string

/** As little of an issuer as one needs: who it is, and its keys. */
const startIssuer = async () => {
  const server = createServer((request, response) => {
    const description = { issuer, jwks_uri: `${issuer}/keys` }
    const keys = [{ ...publicKey.export({ format: 'jwk' }), kid: 'theirs', alg: 'EdDSA' }]
    const isDescription = request.url === '/.well-known/openid-configuration'
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(isDescription ? description : { keys }))
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  whenFileEnds(() => {
    server.close()
    server.closeAllConnections()
  })
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const tokenFor = (sub: string, roles: readonly string[] = []) => {
  const [iat, header] = [nowSeconds(), { alg: 'EdDSA', typ: 'JWT', kid: 'theirs' }]
  const realm_access = { roles }
  const claims = { iss: issuer, sub, aud: 'orderly', iat, exp: iat + 600, realm_access }
  return { authorization: `Bearer ${writeToken(header, claims, privateKey)}` }
}

/** The tests use the same data one after the other, because making new data takes longest. */
let folder: string

beforeAll(async () => {
  await startIssuer()
  folder = await dataFolder()
})

const others = serviceNames.filter((name) => name !== 'identity')

describe('npm start with ISSUER_URL', () => {
  let system: Launcher

  beforeAll(async () => {
    system = launch({ DATA_DIR: folder, ISSUER_URL: issuer, ROLES_CLAIM: 'realm_access.roles' })
    await system.sees(/logs .*\n\n/)
  })

  it('starts no identity, and makes no database and no operator for it', async () => {
    expect(system.screen()).not.toContain(registry.identity.purpose)
    expect(system.screen()).not.toMatch(/^ +(operator|password) /m)
    expect(system.screen()).toContain(`services: ${others.length} of ${others.length} ready`)
    expect(system.addressOf('sign in')).toBe(issuer)
    // These services and Postgres.
    expect(await childrenOf(system.pid)).toHaveLength(others.length + 1)
    await expect(pidOf(system.pid, 'identity')).rejects.toThrow('identity does not run')
    expect((await readdir(folder)).filter((name) => name.startsWith('operator'))).toEqual([])
    expect(await readdir(path.join(folder, 'logs'))).not.toContain('identity.log')
    const sql = postgres((await readFile(path.join(folder, 'postgres.url'), 'utf8')).trim())
    const databases = await sql`select datname from pg_database where datname = 'identity'`
    const roles = await sql`select rolname from pg_roles where rolname like 'identity%'`
    await sql.end()
    expect([...databases, ...roles]).toEqual([])
  })

  it('tells everybody else who the issuer is', async () => {
    for (const service of others) {
      const environment = await environmentOf(await pidOf(system.pid, service))
      expect(environment).toContain(`ISSUER_URL=${issuer}`)
      expect(environment).toContain('ROLES_CLAIM=realm_access.roles')
      expect(environment.filter((entry) => entry.startsWith('IDENTITY_'))).toEqual([])
    }
  })

  it('lets those in whom the issuer sends, as who they are there', async () => {
    const gateway = system.addressOf('start here')
    expect((await fetch(`${gateway}/readyz`)).status).toBe(200)
    const id = randomUUID()
    const made = await fetch(`${gateway}/users`, {
      method: 'POST',
      headers: { ...tokenFor(id), 'content-type': 'application/json' },
      body: JSON.stringify({ username: 'masha', email: 'masha@example.com' }),
    })
    expect(made.status).toBe(201)
    expect(await made.json()).toMatchObject({ id })
    const acts = (headers: Record<string, string>) => fetch(`${gateway}/acts/billing`, { headers })
    expect((await acts(tokenFor(id))).status).toBe(403)
    expect((await acts(tokenFor(id, ['operator']))).status).toBe(200)
  })

  it('tells the commands that roles come from there', async () => {
    for (const [name, value] of [
      ['DATA_DIR', folder],
      ['ISSUER_URL', issuer],
    ] as const) {
      const { code, errors } = await command(['operator', 'masha'], { [name]: value })
      expect(code).toBe(78)
      expect(errors).toMatch(
        new RegExp(
          `^orderly operator: people, their roles .* are with ${issuer}: change them there\n$`,
        ),
      )
    }
    expect((await system.interrupt()).code).toBe(0)
  })
})

describe('npm start with an issuer that does not answer', () => {
  it('warns in one line, and everything starts', async () => {
    const address = `http://127.0.0.1:${await freePort()}/realms/shop`
    const system = launch({ DATA_DIR: folder, ISSUER_URL: address })
    await system.sees(/logs .*\n\n/)
    const warning =
      /^the issuer cannot be reached \(http.*openid-configuration: ECONNREFUSED\); until it can/
    const lines = system.screen().split('\n')
    expect(lines.filter((line) => warning.test(line))).toHaveLength(1)
    const gateway = system.addressOf('start here')
    expect((await fetch(`${gateway}/readyz`)).status).toBe(200)
    const headers = tokenFor(randomUUID())
    const account = `${gateway}/billing/accounts/${randomUUID()}`
    expect((await fetch(account, { headers })).status).toBe(503)
    expect((await system.interrupt()).code).toBe(0)
  })
})
