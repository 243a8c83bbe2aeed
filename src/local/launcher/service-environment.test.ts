import { describe, expect, it } from 'vitest'
import { callersOf, serviceNames, type ServiceName } from '../../registry.ts'
import { readPlan } from './launch-plan.ts'
import { checkServiceVariables, serviceEnvironment } from './service-environment.ts'
import { makeKeys } from './service-keys.ts'

const keys = makeKeys()

const environmentsOf = async (environment: Record<string, string> = {}) => {
  const plan = await readPlan(environment)
  const given = (service: ServiceName) =>
    serviceEnvironment(service, { plan, keys, environment }, undefined)
  return { plan, given }
}

describe('the environment of a service', () => {
  it('has its own key and the public keys of its callers, and no others', async () => {
    const { given } = await environmentsOf()
    for (const service of serviceNames) {
      const text = JSON.stringify(given(service))
      for (const other of serviceNames) {
        const pair = keys[other]
        if (pair === undefined) continue
        expect(text.includes(pair.privateKey), `${service}, ${other}`).toBe(service === other)
        expect(text.includes(pair.publicKey), `${service}, ${other}`).toBe(
          callersOf(service).includes(other),
        )
      }
    }
    const callers = serviceNames.filter((name) =>
      serviceNames.some((to) => callersOf(to).includes(name)),
    )
    expect(Object.keys(keys).toSorted()).toEqual(callers.toSorted())
  })

  it('has nothing of ours that would mean something else there', async () => {
    const { given } = await environmentsOf({
      SERVICE_KEY: 'ours',
      ORDER_PUBLIC_KEYS: 'ours',
      IDENTITY_URL: 'http://ours',
      IDENTITY_DATABASE_URL: 'postgres://ours@127.0.0.1/identity',
      KEY_POLL_MS: '100',
    })
    for (const service of serviceNames) {
      const { KEY_POLL_MS, IDENTITY_URL, ...rest } = given(service)
      expect([KEY_POLL_MS, IDENTITY_URL]).toEqual(['100', 'http://127.0.0.1:8006'])
      expect(JSON.stringify(rest)).not.toContain('ours')
    }
  })

  it.each([
    [{}, 'http://localhost:8000'],
    [{ PORT: '8123' }, 'http://localhost:8123'],
    [{ PORT: '8123', HOST: '0.0.0.0' }, 'http://localhost:8123'],
    [{ HOST: '192.168.1.5' }, 'http://192.168.1.5:8000'],
    [{ PORT: '8123', PUBLIC_URL: 'https://shop.example' }, 'https://shop.example'],
    [{ PORT: '8123', PUBLIC_URL: '' }, 'http://localhost:8123'],
  ])('says where people reach the gateway: %j', async (environment, publicUrl) => {
    const { given } = await environmentsOf(environment)
    for (const service of serviceNames) expect(given(service)['PUBLIC_URL']).toBe(publicUrl)
  })

  it('knows nothing of identity when there is another issuer', async () => {
    const environment = { ISSUER_URL: 'https://issuer.example/shop', IDENTITY_URL: 'http://ours' }
    const { plan, given } = await environmentsOf({ ...environment, IDENTITY_PORT: '8000' })
    expect(plan.services).toEqual(serviceNames.filter((name) => name !== 'identity'))
    for (const service of plan.services) {
      expect(given(service)['ISSUER_URL']).toBe(environment.ISSUER_URL)
      expect(Object.keys(given(service)).filter((name) => name.startsWith('IDENTITY'))).toEqual([])
    }
    expect(() => checkServiceVariables(plan, environment)).not.toThrow()
  })

  it('is checked before anything is started', async () => {
    const environment = { DEPOSITS_BY: 'anybody' }
    const { plan } = await environmentsOf(environment)
    expect(() => checkServiceVariables(plan, environment)).toThrow(
      /^wrong configuration: DEPOSITS_BY /,
    )
  })
})
