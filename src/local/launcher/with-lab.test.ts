import { describe, expect, it } from 'vitest'
import type { Environment } from '../../platform/base/config.ts'
import { readPlan } from './launch-plan.ts'
import { makeKeys } from './service-keys.ts'
import { serviceEnvironment } from './service-environment.ts'
import { refuseLab } from './with-lab.ts'

const look = async (environment: Environment) =>
  refuseLab(await readPlan(environment, { hasLab: true }), environment)

describe('the lab', () => {
  it('is there on this machine alone, with its own Postgres and its own issuer', async () => {
    await expect(look({})).resolves.toBeUndefined()
  })

  it.each([
    [{ HOST: '0.0.0.0' }, 'no lab here: HOST is 0.0.0.0'],
    [{ HOST: '192.168.1.5' }, 'no lab here: HOST is 192.168.1.5'],
    [{ DATABASE_URL: 'postgres://me@db/x' }, 'leave DATABASE_URL out'],
    [{ ORDER_DATABASE_URL: 'postgres://me@db/x' }, 'leave ORDER_DATABASE_URL out'],
    [{ ISSUER_URL: 'https://issuer.example' }, 'ISSUER_URL names another issuer'],
    [{ DEPOSITS_BY: 'teller' }, 'leave DEPOSITS_BY out'],
    [{ LAB_PORT: '8000' }, 'are both 8000'],
    [{ LAB_PORT: 'here' }, 'LAB_PORT must be a whole number'],
  ])('is refused in one line: %j', async (environment, complaint) => {
    await expect(look(environment)).rejects.toThrow(complaint)
  })

  it('is known to the gateway only, and only where it is', async () => {
    const keys = makeKeys()
    const environment = { LAB_URL: 'http://ours', LAB_PORT: '8123' }
    const withLab = await readPlan(environment, { hasLab: true })
    const without = await readPlan(environment)
    const urlOf = (plan: typeof withLab, service: 'gateway' | 'order') =>
      serviceEnvironment(service, { plan, keys, environment }, undefined)['LAB_URL']
    expect(urlOf(withLab, 'gateway')).toBe('http://localhost:8123')
    expect(urlOf(withLab, 'order')).toBeUndefined()
    expect(urlOf(without, 'gateway')).toBeUndefined()
  })
})
