import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeCertificate } from '../../test/lab/certificate.ts'
import { ConfigError } from '../platform/base/config.ts'
import { publicKeyOf } from '../platform/base/service-keys.ts'
import { exitCodeOf } from '../platform/run-service.ts'
import { callersOf, serviceNames, servicesWithDatabase } from '../registry.ts'
import { findApiServer } from './api-server.ts'
import { makeMissingSecrets } from './make-secrets.ts'
import { makeSecrets, secretManifest, secretNameOf } from './secrets.ts'

type StoredSecret = ReturnType<typeof secretManifest>

interface Answer {
  readonly status: number
  readonly body?: unknown
  /** The work is done, and the caller does not hear of it. */
  readonly isLost?: boolean
}

type Script = (method: string, url: string, work: () => Answer) => Answer | Promise<Answer>

const token = 'the-token-of-the-pod'
const refusal = (status: number, message: string): Answer => ({
  status,
  body: { kind: 'Status', status: 'Failure', message, code: status },
})

/** A namespace behind real HTTPS, as strict as an API server about who asks and what is there. */
const startApiServer = async (script: Script) => {
  const { cert, key } = makeCertificate()
  const secrets = new Map<string, StoredSecret>()
  const collection = '/api/v1/namespaces/shop/secrets'

  const work = (method: string, url: string, body: string): Answer => {
    if (method === 'GET') {
      const found = secrets.get(url.slice(collection.length + 1))
      return found ? { status: 200, body: found } : refusal(404, 'not found')
    }
    if (method !== 'POST' || url !== collection) return refusal(405, `${method} ${url}`)
    const given = JSON.parse(body) as StoredSecret
    if (given.metadata.namespace !== 'shop') return refusal(400, 'another namespace')
    const { name } = given.metadata
    if (secrets.has(name)) return refusal(409, `secrets "${name}" already exists`)
    secrets.set(name, given)
    return { status: 201, body: given }
  }

  const server = createServer({ cert, key }, (request, response) => {
    const { method = '', url = '', headers } = request
    void text(request).then(async (body) => {
      const isKnown = headers.authorization === `Bearer ${token}`
      const answer = isKnown
        ? await script(method, url, () => work(method, url, body))
        : refusal(401, 'Unauthorized')
      if (answer.isLost) request.socket.destroy()
      else response.writeHead(answer.status).end(JSON.stringify(answer.body ?? {}))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const address = { host: '127.0.0.1', port, ca: cert, token, namespace: 'shop' }
  const stop = async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
  return { address, secrets, stop }
}

const expectedNames = makeSecrets().map(({ name }) => name)
const plain = (value = '') => Buffer.from(value, 'base64').toString()

describe('the job that makes the Secrets', () => {
  let api: Awaited<ReturnType<typeof startApiServer>>
  let script: Script
  let lines: string[]

  beforeEach(async () => {
    script = (_method, _url, work) => work()
    lines = []
    api = await startApiServer((...request) => script(...request))
  })
  afterEach(() => api.stop())

  const run = (changes: Partial<Parameters<typeof makeMissingSecrets>[0]> = {}) =>
    makeMissingSecrets({
      server: api.address,
      say: (line) => lines.push(line),
      timeoutMs: 2_000,
      pauseMs: 10,
      patienceMs: 5_000,
      ...changes,
    })

  const complaintOf = async (work: Promise<void>) => {
    const error: unknown = await work.then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(error).toBeInstanceOf(Error)
    const { message } = error as Error
    return { message, exitCode: exitCodeOf(error) }
  }

  it('makes every Secret, and says which', async () => {
    await run()
    expect([...api.secrets.keys()]).toEqual(expectedNames)
    expect(lines).toEqual(expectedNames.map((name) => `Secret ${name}: made`))
  })

  it('changes nothing when it runs again', async () => {
    await run()
    const before = JSON.stringify([...api.secrets])
    lines = []
    await run()
    expect(JSON.stringify([...api.secrets])).toBe(before)
    expect(lines).toEqual(
      expectedNames.map((name) => `Secret ${name}: there already, left as it is`),
    )
  })

  it('makes what is missing beside what is there', async () => {
    await run()
    const kept = api.secrets.get('billing-secrets')
    api.secrets.delete('order-secrets')
    await run()
    expect(api.secrets.get('billing-secrets')).toBe(kept)
    expect([...api.secrets.keys()].toSorted()).toEqual(expectedNames.toSorted())
  })

  it('may run in two places at once: keys that belong together come from one of them', async () => {
    await Promise.all([run(), run(), run()])
    expect(lines.filter((line) => line.endsWith(': made'))).toHaveLength(expectedNames.length)
    for (const { data } of api.secrets.values()) {
      const { 'service-key': privateKey, 'public-keys': publicKey } = data
      if (privateKey === undefined) continue
      expect(plain(publicKey)).toBe(publicKeyOf(plain(privateKey)))
    }
  })

  it('waits for an API server that is busy, cut off or slow', async () => {
    const troubles: Script[] = [
      () => refusal(500, 'etcdserver: leader changed'),
      () => refusal(429, 'too many requests'),
      () => ({ status: 503, isLost: true }),
      () => new Promise(() => {}),
    ]
    script = (method, url, work) => (troubles.shift() ?? ((_m, _u, go) => go()))(method, url, work)
    await run({ timeoutMs: 200 })
    expect([...api.secrets.keys()]).toEqual(expectedNames)
    expect(lines.slice(0, 4)).toEqual([
      expect.stringContaining('500: etcdserver: leader changed; asking again'),
      expect.stringContaining('429: too many requests'),
      expect.stringContaining('socket hang up'),
      expect.stringContaining('aborted'),
    ])
  })

  it('finds what it made itself when the answer was lost', async () => {
    let isFirst = true
    script = (_method, _url, work) => {
      const answer = work()
      const { isLost = isFirst } = answer
      isFirst = false
      return { ...answer, isLost }
    }
    await run()
    expect(lines[1]).toBe(`Secret ${expectedNames[0]}: there already, left as it is`)
    expect([...api.secrets.keys()]).toEqual(expectedNames)
  })

  it('makes a Secret that is deleted between its two questions', async () => {
    await run()
    script = (method, url, work) => {
      if (method === 'GET' && url.endsWith('/user-secrets')) api.secrets.delete('user-secrets')
      return work()
    }
    await run()
    expect(lines).toContainEqual(expect.stringContaining('user-secrets was there and is gone'))
    expect(lines.at(-1)).toContain('left as it is')
    expect(api.secrets.has('user-secrets')).toBe(true)
  })

  it.each([
    ['POST', 'make the Secret identity-secrets'],
    ['GET', 'show the Secret identity-secrets'],
  ])('says what it may not do: %s', async (forbidden, what) => {
    await run()
    const message = 'secrets is forbidden: User "system:serviceaccount:shop:make-secrets" cannot'
    script = (method, _url, work) => (method === forbidden ? refusal(403, message) : work())
    const complaint = await complaintOf(run())
    expect(complaint.message).toBe(
      `the API server refused to ${what} (403: ${message}); what this job may do is in k8s/11-secrets.yaml`,
    )
    expect(complaint.exitCode).toBe(78)
  })

  it('is told that the token is not believed', async () => {
    const complaint = await complaintOf(run({ server: { ...api.address, token: 'another' } }))
    expect(complaint.message).toContain('(401: Unauthorized)')
    expect(complaint.exitCode).toBe(78)
  })

  it('believes no other API server', async () => {
    const { cert: ca } = makeCertificate()
    const server = { ...api.address, ca }
    const complaint = await complaintOf(run({ server, patienceMs: 50 }))
    expect(complaint.message).toMatch(/certificate/)
    expect(complaint.exitCode).toBe(69)
    expect(api.secrets.size).toBe(0)
  })

  it('gives up on an API server that is away', async () => {
    script = () => refusal(503, 'shutting down')
    const complaint = await complaintOf(run({ patienceMs: 100 }))
    const { port } = api.address
    expect(complaint.message).toBe(
      `the API server at 127.0.0.1:${port} is of no help: 503: shutting down`,
    )
    expect(complaint.exitCode).toBe(69)
  })

  it('adds nothing to a Secret that is incomplete, makes the others, and says so', async () => {
    await run()
    const { 'service-key': _, ...others } = api.secrets.get('order-secrets')?.data ?? {}
    const given = secretManifest({ name: 'order-secrets', owner: 'order', values: {} }, 'shop')
    const incomplete = { ...given, data: others }
    api.secrets.set('order-secrets', incomplete)
    api.secrets.delete('postgres-secrets')
    const complaint = await complaintOf(run())
    expect(complaint.message).toContain('the Secret order-secrets has no service-key: nothing is')
    expect(complaint.exitCode).toBe(78)
    expect(api.secrets.get('order-secrets')).toBe(incomplete)
    expect(api.secrets.has('postgres-secrets')).toBe(true)
  })
})

describe('the Secrets', () => {
  const valuesOf = (name: string) => makeSecrets().find((secret) => secret.name === name)?.values

  it('are new each time', () => {
    const [first, second] = [makeSecrets(), makeSecrets()].map((secrets) =>
      secrets.flatMap(({ values }) => Object.values(values)).filter((value) => value.length > 30),
    )
    expect(new Set([...(first ?? []), ...(second ?? [])]).size).toBe(2 * (first?.length ?? 0))
  })

  it('give a key to whoever calls services, and a password to whoever has a database', () => {
    for (const service of serviceNames) {
      const values = valuesOf(secretNameOf(service)) ?? {}
      const calls = serviceNames.some((callee) => callersOf(callee).includes(service))
      expect('service-key' in values, service).toBe(calls)
      expect('password' in values, service).toBe(servicesWithDatabase.includes(service))
    }
    expect(valuesOf('gateway-secrets')).toBeUndefined()
  })

  it('have passwords that may stand in an address', () => {
    for (const { values } of makeSecrets()) {
      for (const value of Object.values(values)) expect(value).toMatch(/^[\w-]+$/)
    }
  })
})

describe('where the API server is', () => {
  const folders: string[] = []
  afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))))
  const environment = { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '443' }

  it('is in the environment and the files of the pod', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'account-'))
    folders.push(folder)
    const files = { 'ca.crt': 'the authority', token: 'the token\n', namespace: 'shop' }
    for (const [name, content] of Object.entries(files)) {
      await writeFile(join(folder, name), content)
    }
    expect(findApiServer(folder, environment)).toEqual({
      host: '10.96.0.1',
      port: 443,
      ca: 'the authority',
      token: 'the token',
      namespace: 'shop',
    })
  })

  it('is not known to a pod without a service account', () => {
    expect(() => findApiServer('/nowhere', environment)).toThrow(ConfigError)
  })

  it('is not known outside of a cluster', () => {
    const { KUBERNETES_SERVICE_HOST: _, ...env } = process.env
    const { status, stderr } = spawnSync(process.execPath, ['src/main.ts', 'make-secrets'], {
      env,
      encoding: 'utf8',
    })
    expect(stderr).toMatch(
      /^orderly make-secrets: wrong configuration: KUBERNETES_SERVICE_HOST is missing/,
    )
    expect(status).toBe(78)
  })
})
