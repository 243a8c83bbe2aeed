import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { registry } from '../../src/registry.ts'
import {
  publicDocument,
  readContracts,
  type RouteDescription,
} from '../../src/services/gateway/contracts.ts'
import { createRoutes } from '../../src/services/gateway/routes.ts'
import { serviceContracts } from '../../tools/contracts/contracts.ts'
import { loadOperations } from '../lab/operations.ts'
import {
  rawRequest,
  sendRaw,
  startGateway,
  type RunningGateway,
  type UpstreamName,
} from '../lab/gateway.ts'

const id = '019aa0b6-52a5-7c11-8f6e-2d3c4b5a6978'

/** Every route of the committed contracts, read without the gateway's own code. */
const operations = loadOperations().map(({ service, method, template, isInternal }) => ({
  service: service as UpstreamName,
  method,
  template,
  path: template.replaceAll(/\{[^}]+\}/g, id),
  isInternal,
}))
const publicOperations = operations.filter(({ isInternal }) => !isInternal)
/** What the gateway answers itself goes to nobody. */
const passedOperations = publicOperations.filter(
  ({ template }) => !template.startsWith('/console/'),
)
const internalOperations = operations.filter(({ isInternal }) => isInternal)

let gateway: RunningGateway
const received = () => Object.values(gateway.services).flatMap((service) => service.received)

beforeAll(async () => {
  gateway = await startGateway()
})
beforeEach(() => {
  for (const service of Object.values(gateway.services)) service.received.length = 0
})
afterAll(() => gateway.stop())

const withJson = ['content-type: application/json']

describe('the gateway routes what the contracts make public', () => {
  it('finds public and internal routes in the contracts', () => {
    const routes = serviceContracts.flatMap((contract) => contract.routes)
    expect(operations).toHaveLength(routes.length)
    expect(publicOperations.length).toBeGreaterThan(internalOperations.length)
    const internal = internalOperations.map(({ method, template }) => `${method} ${template}`)
    expect(internal.toSorted()).toEqual([
      'GET /companies/{companyId}/standing',
      'GET /users/{userId}/account',
      'GET /users/{userId}/person',
      'POST /billing/accounts',
      'POST /billing/accounts/{userId}/refund',
      'POST /billing/withdrawals',
      'POST /identity/logins',
      'POST /managers/many',
      'POST /notifications',
      'POST /notifications/many',
    ])
  })

  it.each(passedOperations)(
    '$method $template goes to $service as it was sent',
    async (operation) => {
      const { method, path, service } = operation
      const body = method === 'POST' || method === 'PATCH' ? '{"any":"thing"}' : ''
      const answer = await sendRaw(
        gateway.port,
        rawRequest(method, `${path}?a=%20b&a=c`, body ? withJson : [], body),
      )
      expect(answer).toContain(`{"from":"${service}"}`)
      expect(received()).toHaveLength(1)
      expect(gateway.services[service].received[0]).toMatchObject({
        method,
        url: `${path}?a=%20b&a=c`,
        body,
      })
    },
  )

  it.each(internalOperations)(
    '$method $template does not exist for the world',
    async (operation) => {
      const answer = await sendRaw(
        gateway.port,
        rawRequest(operation.method, operation.path, withJson, '{}'),
      )
      expect(answer).toMatch(/^HTTP\/1\.1 40[45] /)
      expect(received()).toEqual([])
    },
  )

  it('names the methods of an address that does not have the requested one', async () => {
    const response = await fetch(`${gateway.url}/orders/${id}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    })
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')?.split(', ').toSorted()).toEqual([
      'DELETE',
      'GET',
      'HEAD',
      'PATCH',
    ])
    expect(await response.json()).toMatchObject({ code: 'method-not-allowed', status: 405 })
    expect(received()).toEqual([])
  })

  it('does not start when two services have the same address', () => {
    const contracts = readContracts()
    const order = contracts.find(({ service }) => service === 'order')!
    expect(() => createRoutes([...contracts, { ...order, service: 'user' }])).toThrow(
      /promised by both order and user/,
    )
  })
})

const tricks = [
  `/billing/accounts/../deposit`,
  `/billing/accounts/./deposit`,
  `/billing/accounts/../accounts`,
  `/billing/accounts/${id}/deposit/../refund`,
  `/billing/accounts/${id}/./refund`,
  `/billing/accounts/%2e%2e/deposit`,
  `/billing/accounts/.%2E/deposit`,
  `/billing/accounts/${id}%2frefund/deposit`,
  `/billing/accounts/${id}%2Frefund%3F/deposit`,
  `/billing/accounts/${id}%5crefund/deposit`,
  `/billing/accounts/${id}\\refund/deposit`,
  `/billing/accounts/${id}%252frefund/deposit`,
  `/billing/accounts/${id}%00/deposit`,
  `/billing/accounts/${id}%0d%0a/deposit`,
  `/billing/accounts/${id}%zz/deposit`,
  `/billing/accounts/${id}/%72efund`,
  `/billing/accounts/${id}/refund#/deposit`,
  `/billing/accounts/${id}#/deposit`,
  `//billing/accounts/${id}/deposit`,
  `/billing//accounts/${id}/deposit`,
  `/billing/accounts//deposit`,
  `/billing/accounts/${id}/deposit/`,
  `/BILLING/accounts/${id}/deposit`,
  `http://user/billing/accounts/${id}/deposit`,
  `*`,
]

describe('the gateway accepts no path that can be read in two ways', () => {
  it.each(tricks)('refuses POST %s and asks nobody', async (target) => {
    const answer = await sendRaw(gateway.port, rawRequest('POST', target, withJson, '{"amount":1}'))
    expect(answer).toMatch(/^HTTP\/1\.1 (40[04]|421) /)
    expect(answer).toContain('application/problem+json')
    expect(received()).toEqual([])
  })

  it('passes an invalid id on, so that the service can say which field is wrong', async () => {
    for (const odd of ['42', 'a.b', '%D0%B0', "it's"]) {
      await sendRaw(gateway.port, rawRequest('GET', `/orders/${odd}`))
    }
    expect(gateway.services.order.received.map(({ url }) => url)).toEqual([
      '/orders/42',
      '/orders/a.b',
      '/orders/%D0%B0',
      "/orders/it's",
    ])
  })
})

describe('the gateway shows the public view of the contracts', () => {
  it.each([...registry.gateway.upstreams, 'gateway'])(
    'of %s, without internal operations and what only they use',
    async (name) => {
      const response = await fetch(`${gateway.url}/openapi/${name}.json`)
      expect(response.headers.get('content-type')).toBe('application/json')
      const text = await response.text()
      const document = JSON.parse(text) as ReturnType<typeof publicDocument>
      expect(text).not.toContain('x-internal')
      expect(document).toMatchObject({ openapi: '3.1.0', servers: [{ url: '/' }] })
      const shown = Object.entries(document.paths).flatMap(([template, item]) =>
        Object.keys(item).map((method) => `${method.toUpperCase()} ${template}`),
      )
      const expected = publicOperations.filter(({ service }) => service === name)
      expect(shown.toSorted()).toEqual(
        expected.map(({ method, template }) => `${method} ${template}`).toSorted(),
      )
    },
  )

  it('shows no example as a key: a second try with it would be refused', () => {
    const texts = readContracts().map((contract) => JSON.stringify(contract.document))
    const keys = texts.flatMap((text) => [...text.matchAll(/"example":"([^"]*checkout[^"]*)"/g)])
    expect(keys.length).toBeGreaterThan(0)
    const shown = readContracts().map((contract) => JSON.stringify(publicDocument(contract)))
    for (const [, key = ''] of keys) expect(shown.join('')).not.toContain(key)
  })

  it.each(['k', '"k"', 'saga', 'Saga:1', 'my-saga:1', 'saga:', 'saga:1', '"saga:1"'])(
    'says of the key %s what becomes of it',
    async (key) => {
      const order = readContracts().find(({ service }) => service === 'order')!
      const { parameters = [] } = publicDocument(order).paths['/orders']![
        'post'
      ] as RouteDescription
      const { schema = {} } = parameters.find(({ name }) => name === 'idempotency-key')!
      const answer = await sendRaw(
        gateway.port,
        rawRequest('POST', '/orders', [...withJson, `idempotency-key: ${key}`], '{}'),
      )
      const isAllowed = new RegExp(String(schema['pattern']), 'u').test(key)
      expect(isAllowed).toBe(answer.startsWith('HTTP/1.1 200 '))
      expect(isAllowed).toBe(!/^"?saga:/.test(key))
    },
  )

  it('keeps every part that is referred to and no other', () => {
    for (const contract of readContracts()) {
      const document = publicDocument(contract)
      const text = JSON.stringify(document)
      const referred = new Set([
        ...[...text.matchAll(/"#\/components\/(\w+)\/([^"]+)"/g)].map(
          ([, kind, name]) => `${kind}/${name}`,
        ),
        // Named by `security`, not by a reference. The scheme of the services is for nobody else.
        'securitySchemes/signIn',
        'securitySchemes/token',
      ])
      const kept = Object.entries(document.components ?? {}).flatMap(([kind, members]) =>
        Object.keys(members).map((name) => `${kind}/${name}`),
      )
      expect(new Set(kept)).toEqual(referred)
    }
    const billing = readContracts().find(({ service }) => service === 'billing')!
    expect(Object.keys(billing.document.components?.['schemas'] ?? {}).length).toBeGreaterThan(
      Object.keys(publicDocument(billing).components?.['schemas'] ?? {}).length,
    )
  })
})
