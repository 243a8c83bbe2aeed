import { createRoute } from '@hono/zod-openapi'
import { describe, expect, it } from 'vitest'
import { accessIn, contractDocument, defineRoute, type ServiceContract } from './contract.ts'

const plain = {
  method: 'get' as const,
  path: '/things',
  operationId: 'listThings',
  responses: { 200: { description: 'Things' } },
}

const contractOf = (routes: ServiceContract['routes']): ServiceContract => ({
  service: 'billing',
  title: 'billing',
  description: 'money',
  version: '1.0.0',
  routes,
})

const described = (route: ServiceContract['routes'][number]) =>
  contractDocument(contractOf([route])).paths?.['/things']?.get as Record<string, unknown>

describe('the word of a route', () => {
  it('is shown by the contract, with its security and its refusals', () => {
    const person = described(defineRoute({ ...plain, access: 'person' }))
    expect(person).toMatchObject({ 'x-access': 'person' })
    expect(person['security']).toEqual([{ signIn: ['openid'] }, { token: [] }])
    expect(Object.keys(person['responses'] as object)).toEqual(['200', '401'])
    const operator = described(defineRoute({ ...plain, access: 'operator' }))
    expect(Object.keys(operator['responses'] as object)).toEqual(['200', '401', '403'])
    const services = described(defineRoute({ ...plain, access: { services: ['order'] } }))
    expect(services).toMatchObject({
      'x-access': 'services',
      'x-callers': ['order'],
      'x-internal': true,
      security: [{ service: [] }],
    })
    const anyone = described(defineRoute({ ...plain, access: 'anyone' }))
    expect([anyone['security'], anyone['x-access']]).toEqual([[], 'anyone'])
  })

  it('is needed: a route without it does not compile, and does not start', () => {
    const route = createRoute(plain)
    // @ts-expect-error: it says nothing of who may call it.
    const contract = contractOf([route])
    expect(() => contractDocument(contract)).toThrow('get /things does not say who may call it')
  })

  it('names only services that the registry lets call this one', () => {
    const route = defineRoute({ ...plain, access: { services: ['notification'] } })
    expect(() => contractDocument(contractOf([route]))).toThrow('notification may not call billing')
  })

  it('is read from a contract, and nothing else passes for one', () => {
    expect(accessIn({ 'x-access': 'services', 'x-callers': ['order'] }, 'x')).toEqual({
      services: ['order'],
    })
    expect(accessIn({ 'x-access': 'person' }, 'x')).toBe('person')
    expect(() => accessIn({}, 'GET /x')).toThrow('GET /x does not say who may call it')
    expect(() => accessIn({ 'x-access': 'services' }, 'GET /x')).toThrow('GET /x names no caller')
  })
})
