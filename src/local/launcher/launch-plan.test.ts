import { describe, expect, it } from 'vitest'
import { ConfigError, type Environment } from '../../platform/base/config.ts'
import { readPlan } from './launch-plan.ts'
import { checkServiceVariables } from './service-environment.ts'

/** What the launcher does with its environment before it starts or writes anything. */
const look = async (environment: Environment) =>
  checkServiceVariables(await readPlan(environment), environment)

/** The launcher prints the message of a ConfigError and nothing else. */
const complaintAbout = async (environment: Environment): Promise<string> => {
  const error = await look(environment).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(ConfigError)
  return (error as ConfigError).message
}

describe('an environment that the launcher', () => {
  it('starts with: an empty one', async () => {
    await expect(look({})).resolves.toBeUndefined()
  })

  it.each([
    ['USER_PORT', 'eighty', 'must be a whole number'],
    ['IDENTITY_PORT', '-1', 'must be a whole number'],
    ['REQUEST_BUDGET_MS', 'soon', ''],
    ['USER_DATABASE_URL', 'mysql://x', ''],
    ['ISSUER_URL', 'issuer.example.com', 'must be an http:// or https:// address'],
    ['PUBLIC_URL', 'shop.example.com', 'must be an http:// or https:// address'],
    ['ROLES_CLAIM', 'realm_access.', 'must be a name like roles or realm_access.roles'],
    ['DEPOSITS_BY', 'anybody', 'Invalid option'],
  ])('refuses in one line, which names the variable: %s=%s', async (name, value, complaint) => {
    const told = await complaintAbout({ [name]: value })
    expect(told).toMatch(new RegExp(`^wrong configuration: ${name} ${complaint}`))
    expect(told.split('\n')).toHaveLength(1)
  })

  it('refuses because of a port that is needed twice', async () => {
    expect(await complaintAbout({ PORT: '8123', ORDER_PORT: '8123' })).toMatch(
      /^wrong configuration: (ORDER_PORT and PORT|PORT and ORDER_PORT) are both 8123/,
    )
  })
})
