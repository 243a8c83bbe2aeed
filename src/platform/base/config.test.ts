import { describe, expect, it } from 'vitest'
import { makeServiceKeys } from './service-keys.ts'
import { ConfigError, readConfig, readVariables } from './config.ts'
import { migrationVariables } from './variables.ts'

const DATABASE_URL = 'postgres://order:secret@127.0.0.1:5432/order'
const keys = makeServiceKeys()
const ownKeys = { SERVICE_KEY: keys.privateKey }
const read = (more: Record<string, string> = {}) =>
  readConfig('order', { DATABASE_URL, ...ownKeys, ...more })

const complaintAbout = (environment: Record<string, string>) => {
  try {
    read(environment)
    return 'no complaint'
  } catch (error) {
    return error instanceof ConfigError ? error.message : `not a ConfigError: ${String(error)}`
  }
}

describe('the configuration', () => {
  it('works with nothing but a database, and leads to the usual ports', () => {
    const config = read()
    expect(config).toMatchObject({ service: 'order', host: '127.0.0.1', port: 8003 })
    expect(config.upstreams).toEqual({
      user: 'http://127.0.0.1:8001',
      billing: 'http://127.0.0.1:8002',
      notification: 'http://127.0.0.1:8004',
    })
    expect(config.adminPort).toBeUndefined()
    expect(config.database).toMatchObject({ url: DATABASE_URL, prepare: true })
  })

  it('knows no database for the gateway, but a port for its metrics', () => {
    const config = readConfig('gateway', {})
    expect([config.database, config.adminPort, config.port]).toEqual([undefined, 8005, 8000])
    expect([config.publicHosts, config.corsOrigins]).toEqual([[], []])
  })

  it('takes what it is given', () => {
    const config = read({
      PORT: '0',
      BILLING_URL: 'https://billing.internal:444',
      DATABASE_PREPARE: 'false',
      DATABASE_POOL_SIZE: '3',
      LEASE_MS: '9000',
    })
    expect(config.port).toBe(0)
    expect(config.upstreams.billing).toBe('https://billing.internal:444')
    expect(config.database).toMatchObject({ prepare: false, poolSize: 3 })
    expect(config.leaseMs).toBe(9_000)
  })

  it('takes lists with commas, and compares names in small letters', () => {
    const config = readConfig('gateway', {
      PUBLIC_HOSTS: 'Shop.Example , arch.homework',
      CORS_ORIGINS: 'https://Shop.Example,http://localhost:3000',
    })
    expect(config.publicHosts).toEqual(['shop.example', 'arch.homework'])
    expect(config.corsOrigins).toEqual(['https://shop.example', 'http://localhost:3000'])
  })

  it.each([
    ['PUBLIC_HOSTS', 'https://shop.example', 'must be names like shop.example.com'],
    ['PUBLIC_HOSTS', 'shop.example:8000', 'must be names like shop.example.com'],
    ['PUBLIC_HOSTS', 'shop.example,,', 'must be names like shop.example.com'],
    ['PUBLIC_HOSTS', '*', 'must be names like shop.example.com'],
    ['CORS_ORIGINS', 'shop.example', 'must be origins like https://shop.example.com'],
    ['CORS_ORIGINS', 'https://shop.example/', 'must be origins like https://shop.example.com'],
    ['CORS_ORIGINS', '*', 'must be origins like https://shop.example.com'],
    ['CORS_ORIGINS', 'null', 'must be origins like https://shop.example.com'],
  ])('says what is wrong with %s=%s of the gateway', (name, value, complaint) => {
    expect(() => readConfig('gateway', { [name]: value })).toThrow(
      `wrong configuration: ${name} ${complaint}`,
    )
  })

  it('treats an empty variable like a missing one', () => {
    expect(read({ PORT: '', LOG_LEVEL: '' })).toEqual(read())
  })

  it.each([
    ['PORT', '70000', 'PORT must be at most 65535'],
    ['PORT', 'eighty', 'PORT must be a whole number'],
    ['PORT', '-1', 'PORT must be a whole number'],
    ['PORT', '80.5', 'PORT must be a whole number'],
    ['LOG_LEVEL', 'loud', 'LOG_LEVEL Invalid option'],
    ['BILLING_URL', 'billing:8002', 'BILLING_URL must be an http:// or https:// address'],
    ['NOTIFICATION_URL', 'ftp://x', 'NOTIFICATION_URL must be an http:// or https:// address'],
    ['DATABASE_URL', 'mysql://x', 'DATABASE_URL must look like postgres://'],
    ['DATABASE_POOL_SIZE', '0', 'DATABASE_POOL_SIZE must be at least 1'],
    ['DATABASE_PREPARE', 'yes', 'DATABASE_PREPARE Invalid option'],
    ['MAX_CONCURRENT_REQUESTS', '0', 'MAX_CONCURRENT_REQUESTS must be at least 1'],
    ['MAX_CONNECTIONS', '1', 'MAX_CONNECTIONS must be at least 16'],
    ['MAX_KEPT_BYTES', '16 MiB', 'MAX_KEPT_BYTES must be a whole number'],
    ['ANSWER_TIMEOUT_MS', '0', 'ANSWER_TIMEOUT_MS must be at least 1'],
    ['REQUEST_BUDGET_MS', '1e3', 'REQUEST_BUDGET_MS must be a whole number'],
    ['CALL_TIMEOUT_MS', '0', 'CALL_TIMEOUT_MS must be at least 1'],
    ['STATEMENT_TIMEOUT_MS', '600001', 'STATEMENT_TIMEOUT_MS must be at most 600000'],
    ['DRAIN_DELAY_MS', 'soon', 'DRAIN_DELAY_MS must be a whole number'],
    ['RECOVERY_INTERVAL_MS', '99999999999', 'RECOVERY_INTERVAL_MS must be a whole number'],
  ])('says what is wrong with %s=%s in one line', (name, value, complaint) => {
    const said = complaintAbout({ [name]: value })
    expect(said).toContain(`wrong configuration: ${complaint}`)
    expect(said).not.toContain('\n')
  })

  it('tells each setting of the gateway in one place', () => {
    const variables = { ADMIN_PORT: '9', CORS_ORIGINS: 'https://a.example', PROXY_HOPS: '2' }
    const { adminPort, corsOrigins, own } = readConfig('gateway', variables)
    expect([adminPort, corsOrigins]).toEqual([9, ['https://a.example']])
    expect(own).toEqual({ gateway: { PROXY_HOPS: 2 } })
  })

  it('names a missing variable', () => {
    const readNothing = () => readConfig('order', {})
    expect(readNothing).toThrow(ConfigError)
    expect(readNothing).toThrow('wrong configuration: DATABASE_URL is missing')
    expect(() => readVariables(migrationVariables, {})).toThrow('DATABASE_URL is missing')
  })

  it('names all that is wrong at once', () => {
    const said = complaintAbout({ PORT: 'x', HOST: '', LEASE_MS: '0' })
    expect(said).toBe(
      'wrong configuration: LEASE_MS must be at least 1; PORT must be a whole number',
    )
  })

  it('never repeats a secret', () => {
    expect(complaintAbout({ DATABASE_URL: 'mysql://root:hunter2@x' })).not.toContain('hunter2')
  })

  it('refuses a lease that ends while the request may still be at work', () => {
    const said = complaintAbout({
      LEASE_MS: '3000',
      REQUEST_BUDGET_MS: '2000',
      LETTER_BUDGET_MS: '1000',
    })
    expect(said).toContain('LEASE_MS must be longer than REQUEST_BUDGET_MS and LETTER_BUDGET_MS')
  })
})
