import { describe, expect, it } from 'vitest'
import { loadContracts, type ContractDocument } from '../contract-check.ts'
import { forgeries, keyFor, partsOf } from './forged.ts'
import { namesOf, requestFor } from './requests.ts'
import { accessRoutes } from './routes.ts'
import { serviceTokens } from './service-tokens.ts'

/** The matrix is worth as much as what it notices. */
const documentOf = (path: string, operation: object): ReadonlyMap<string, ContractDocument> =>
  new Map([['billing', { paths: { [path]: { get: { responses: {}, ...operation } } } }]])

const companyId = { name: 'companyId', in: 'path', required: true, schema: { type: 'string' } }

describe('the route matrix', () => {
  it('takes in every route of every contract', () => {
    const written = [...loadContracts().values()].flatMap(({ paths }) =>
      Object.values(paths).flatMap((item) => Object.keys(item)),
    )
    expect(accessRoutes()).toHaveLength(written.length)
  })

  it('refuses a route that does not say who may call it', () => {
    expect(() => accessRoutes(documentOf('/companies', {}))).toThrow(
      'openapi/billing.yaml: GET /companies has no x-access',
    )
  })

  it('refuses a route about something of which nobody says how a person comes to own it', () => {
    const [route] = accessRoutes(
      documentOf('/companies/{companyId}', { 'x-access': 'person', parameters: [companyId] }),
    )
    expect(() => namesOf(route!, ['userId', 'orderId'])).toThrow(
      'GET /companies/{companyId} asks for companyId, and nothing says how a person comes to own one: add it to test/judge/access/things.ts',
    )
    expect(namesOf(route!, ['companyId'])).toEqual(['companyId'])
    expect(requestFor(route!, { companyId: 'a' }).path).toBe('/companies/a')
  })

  it('makes forgeries that differ from the token, and from each other', () => {
    const token = serviceTokens.serviceToken('order', 'billing')
    const { kid } = partsOf(token).header as { readonly kid: string }
    const publicKey = keyFor(token, [{ ...serviceTokens.serviceKey('order'), kid }])
    const forged = Object.values(forgeries(token, { publicKey, lure: 'http://127.0.0.1:9' }))
    expect(forged).not.toContain(token)
    expect(new Set(forged).size).toBe(forged.length)
  })
})
