import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { dataFolder, environmentOf, launch, pidOf, type Launcher } from '../lab/launcher.ts'
import { eventually } from '../lab/wait.ts'
import { authorized, command, rolesOf, signIn, signUp } from './people.ts'

vi.setConfig({ testTimeout: 60_000 })

const password = 'plums in the icebox'

describe('a command in another terminal, while everything runs,', () => {
  let folder: string
  let system: Launcher
  let gateway: string

  const run = (...args: string[]) => command(args, { DATA_DIR: folder })
  const rolesOfMasha = async () => rolesOf(await signIn(gateway, 'masha', password))
  const kids = async () => {
    const { keys } = (await (await fetch(`${gateway}/identity/jwks`)).json()) as {
      readonly keys: readonly { readonly kid: string }[]
    }
    return keys.map(({ kid }) => kid)
  }

  beforeAll(async () => {
    folder = await dataFolder()
    system = launch({ DATA_DIR: folder, KEY_POLL_MS: '300' })
    await system.sees(/logs .*\n\n/)
    gateway = system.addressOf('start here')
    await signUp(gateway, 'masha', password)
  })

  it('makes an operator of somebody who signed up, and ends that', async () => {
    expect(await rolesOfMasha()).toEqual([])
    const made = await run('operator', 'Masha')
    expect(made).toMatchObject({ code: 0, errors: '' })
    expect(made.output).toMatch(/^masha now has: operator\./)
    expect(await rolesOfMasha()).toEqual(['operator'])
    expect(await run('operator', 'masha')).toMatchObject({ code: 0, errors: '' })
    expect((await run('operator', 'masha', 'end')).output).toMatch(/^masha now has: no role\./)
    expect(await rolesOfMasha()).toEqual([])
  })

  it('makes a teller, by the address of the database as well', async () => {
    const environment = await environmentOf(await pidOf(system.pid, 'identity'))
    const DATABASE_URL = environment.find((entry) => entry.startsWith('DATABASE_URL='))?.slice(13)
    const made = await command(['teller', 'masha'], { DATABASE_URL: DATABASE_URL ?? '' })
    expect(made).toMatchObject({ code: 0, errors: '' })
    expect(await rolesOfMasha()).toEqual(['teller'])
  })

  it('says that there is no such login', async () => {
    const { code, output, errors } = await run('operator', 'nobody')
    expect([code === 0, output]).toEqual([false, ''])
    expect(errors).toMatch(/^orderly operator: there is no login with the name nobody: .*\n$/)
  })

  it('changes the keys without a restart, and says what happens when', async () => {
    const [before, old] = [await kids(), await signIn(gateway, 'masha', password)]
    const { code, output, errors } = await run('rotate-keys')
    expect([code, errors]).toEqual([0, ''])
    await eventually(async () => expect(await kids()).toHaveLength(before.length + 1))
    const made = (await kids()).find((kid) => !before.includes(kid)) as string
    expect(output).toContain(made)
    expect(output).toMatch(/signs in 120 seconds/)
    expect(output).toMatch(new RegExp(`^${before[0]} +signs$`, 'm'))
    expect(await kids()).toEqual(expect.arrayContaining(before))
    const own = await fetch(`${gateway}/acts/billing`, { headers: authorized(old) })
    // The token still says who it is, and that is no operator.
    expect(own.status).toBe(403)
  })

  it('tells what is wrong with it in one line', async () => {
    const adminUrl = (await readFile(path.join(folder, 'postgres.url'), 'utf8')).trim()
    const wrong = async (args: readonly string[], variables: Record<string, string>) => {
      const { code, output, errors } = await command(args, variables)
      expect([code === 0, output]).toEqual([false, ''])
      expect(errors.trimEnd().split('\n')).toHaveLength(1)
      expect(errors).not.toContain(new URL(adminUrl).password)
      return errors
    }
    expect(await wrong(['operator', 'masha'], { DATABASE_URL: adminUrl })).toMatch(
      /^orderly operator: the database postgres at \S+ cannot be used \(.*logins.*\)$/m,
    )
    expect(await wrong(['operator', 'masha'], { DATABASE_URL: 'mysql://x' })).toMatch(
      /wrong configuration: DATABASE_URL must look like/,
    )
    expect(await wrong(['rotate-keys'], { DATA_DIR: await dataFolder() })).toMatch(
      /^orderly rotate-keys: nothing runs on \S+: run npm start first, or set DATABASE_URL/,
    )
  })

  it('tells how it is used', async () => {
    for (const args of [['operator'], ['operator', 'masha', 'please'], ['nonsense']]) {
      const { code, output, errors } = await command(args, {})
      expect([code, output]).toEqual([78, ''])
      expect(errors).toMatch(/^usage: main\.ts +everything/)
      expect(errors).toMatch(/\n +main\.ts operator <username> +lets this person/)
    }
    expect((await system.interrupt()).code).toBe(0)
  })
})
