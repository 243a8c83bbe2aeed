import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import path from 'node:path'
import { describe, expect, inject, it } from 'vitest'
import { databaseVariable } from '../../src/platform/base/variables.ts'
import { servicesWithDatabase } from '../../src/registry.ts'
import { dataFolder, launch } from '../lab/launcher.ts'
import { freePort } from '../../src/local/postgres/free-port.ts'

/** Expects that the launcher ends by itself, with one line on standard error and an exit code. */
const expectTrouble = async (variables: Record<string, string>, line: RegExp) => {
  const DATA_DIR = variables['DATA_DIR'] ?? (await dataFolder())
  const launcher = launch({ DATA_DIR, ...variables })
  expect(await launcher.ended).toBe(1)
  expect(launcher.errors().trimEnd().split('\n')).toHaveLength(1)
  expect(launcher.errors()).toMatch(line)
  return DATA_DIR
}

describe('one clear line and an exit code, when starting', () => {
  it('with a taken port: names the port and the variable that moves it, before starting anything', async () => {
    const port = await freePort()
    const server = createServer().listen(port, '127.0.0.1')
    const folder = await expectTrouble(
      { BILLING_PORT: String(port) },
      new RegExp(`^port ${port} \\(billing\\) is taken .*BILLING_PORT=`),
    )
    server.close()
    expect(await readdir(folder)).not.toContain('postgres')
  })

  it('with a wrong value of a variable of the launcher', () =>
    expectTrouble(
      { USER_PORT: 'eighty' },
      /^wrong configuration: USER_PORT must be a whole number/,
    ))

  it('with a wrong value of a variable of the services', () =>
    expectTrouble({ REQUEST_BUDGET_MS: 'soon' }, /^wrong configuration: REQUEST_BUDGET_MS/))

  it('with keys of the services that cannot be read', async () => {
    const folder = await dataFolder()
    await writeFile(path.join(folder, 'service-keys.json'), '{"user":')
    await expectTrouble(
      { DATA_DIR: folder },
      /service-keys\.json is damaged: remove it, and the services get new keys\n$/,
    )
  })

  it('with a Postgres that does not answer', async () => {
    const port = await freePort()
    await expectTrouble(
      { DATABASE_URL: `postgres://me:secret@127.0.0.1:${port}/postgres` },
      new RegExp(`^no Postgres answers at 127.0.0.1:${port}`),
    )
  })

  it('with a wrong password for the given Postgres, which is not repeated', async () => {
    const url = new URL(inject('adminUrl'))
    url.password = 'mistaken'
    const launcher = launch({ DATA_DIR: await dataFolder(), DATABASE_URL: url.href })
    expect(await launcher.ended).toBe(1)
    expect(launcher.errors()).toMatch(/^the Postgres at \S+ refuses the user name or password/)
    expect(launcher.screen()).not.toContain('mistaken')
  })

  it('with a database of one service that cannot be reached', async () => {
    const port = await freePort()
    const url = `postgres://me:secret@127.0.0.1:${port}/x`
    await expectTrouble(
      Object.fromEntries(servicesWithDatabase.map((service) => [databaseVariable(service), url])),
      /^the database of \w+ on 127\.0\.0\.1:\d+ cannot be migrated: .*ECONNREFUSED/,
    )
  })

  it('with a file where the data folder should be', async () => {
    const file = path.join(await dataFolder(), 'file')
    await writeFile(file, '')
    await expectTrouble({ DATA_DIR: file }, /^the data folder .* cannot be used: .*DATA_DIR/)
  })

  it('with data of another Postgres', async () => {
    const folder = await dataFolder()
    await mkdir(path.join(folder, 'postgres'))
    await writeFile(path.join(folder, 'postgres', 'PG_VERSION'), '16\n')
    await expectTrouble({ DATA_DIR: folder }, /was made by Postgres 16, and this is Postgres 18/)
  })

  it('with a HOST that is not of this machine', () =>
    expectTrouble({ HOST: '192.0.2.1' }, /HOST is no address of this machine/))
})
