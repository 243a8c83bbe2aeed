import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { contractDifferences, emitAside, generateClients } from '../../tools/contracts/contracts.ts'
import { runTool } from '../../tools/run-tool.ts'
import { copyProject, type ProjectCopy } from '../lab/project-copy.ts'

const timeoutMs = 300_000

let emitted: Awaited<ReturnType<typeof emitAside>>
beforeAll(async () => {
  emitted = await emitAside()
}, timeoutMs)
afterAll(() => emitted.remove())

describe('a changed contract', () => {
  let copy: ProjectCopy
  const read = (path: string) => readFile(join(copy.root, path), 'utf8')

  /** Changes a contract in the copy, in every place, as a real change does. */
  const change = async (service: string, what: RegExp, by: string) => {
    const path = `openapi/${service}.yaml`
    const before = await read(path)
    const after = before.replace(what, by)
    if (after === before) throw new Error(`nothing to change: ${String(what)} in ${path}`)
    await copy.write(path, after)
  }

  const typeErrorsOfCallers = async () => {
    const args = ['--noEmit', '--project', 'tsconfig.callers.json', '--pretty', 'false']
    const { output } = await runTool('tsc', args, { cwd: copy.root, timeoutMs: 120_000 })
    return output.split('\n').filter((line) => line.includes('error TS'))
  }

  beforeAll(async () => {
    copy = await copyProject()
    await copy.write(
      'tsconfig.callers.json',
      JSON.stringify({
        extends: './tsconfig.json',
        include: ['src/services/user', 'src/services/order', 'src/services/billing'],
        // Tests need the whole project. Here only the code of the services is checked.
        exclude: ['src/**/*.test.ts'],
      }),
    )
  }, timeoutMs)

  afterAll(() => copy.remove())

  it(
    'is found to differ from the code, with the place',
    async () => {
      const before = await read('openapi/user.yaml')
      await change('user', /operationId: createUser/, 'operationId: makeUser')
      const client = await read('src/clients/generated/billing.ts')
      await copy.write('src/clients/generated/billing.ts', `${client}\nexport const extra = 1\n`)
      await copy.write('openapi/stray.yaml', 'openapi: 3.1.0\n')
      const differences = await contractDifferences(emitted.root, copy.root)
      expect(differences).toEqual([
        expect.stringMatching(/^openapi\/user\.yaml differs, line \d+: committed .*makeUser/),
        'openapi/stray.yaml belongs to no service',
        expect.stringMatching(/^src\/clients\/generated\/billing\.ts differs/),
      ])
      await copy.write('openapi/user.yaml', before)
      await copy.write('src/clients/generated/billing.ts', client)
    },
    timeoutMs,
  )

  it(
    'breaks the type check of the services that call it, and of no other',
    async () => {
      // Another status for a refusal, and another member in a request.
      await change('billing', /"402":/g, '"418":')
      await change('notification', /\bamount\b/g, 'sum')
      await change(
        'billing',
        /(NewAccount:[\s\S]*?)email(:[\s\S]*?)- email/,
        '$1address$2- address',
      )
      await generateClients(copy.root)

      const errors = await typeErrorsOfCallers()
      // Without the changes there is no error: each is about one of them. An answer that can
      // no longer have the status that was asked for is of the type never.
      expect(errors.filter((line) => !/\b(402|amount|email|never)\b/.test(line))).toEqual([])
      // What a service is asked is said where it is called, what it answers is read in its client.
      const callers = /^src\/(services\/|clients\/[a-z-]+\.ts)/
      expect(errors.filter((line) => !callers.test(line))).toEqual([])
      const broken = (service: string) =>
        errors.filter((line) => line.startsWith(`src/services/${service}/`))
      expect(errors.filter((line) => line.startsWith('src/clients/billing.ts')).join('\n')).toMatch(
        /402|418/,
      )
      expect(broken('order').join('\n')).toMatch(/\b(amount|sum)\b/)
      expect(broken('billing').join('\n')).toMatch(/\b(amount|sum)\b/)
      expect(broken('user').join('\n')).toMatch(/\b(email|address)\b/)
    },
    timeoutMs,
  )
})
