import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { diffContracts } from '../../tools/contracts/diff.ts'
import { projectRoot, runTool } from '../../tools/run-tool.ts'

/** Each comparison starts a program of its own. */
vi.setConfig({ testTimeout: 60_000 })

/** Makes a repository whose only commit holds the present contracts of the project. */
const createRepository = () => {
  const root = mkdtempSync(join(tmpdir(), 'contracts-diff-test-'))
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@localhost', ...args], {
      cwd: root,
      stdio: 'pipe',
    })
  const file = (service: string) => join(root, 'openapi', `${service}.yaml`)
  const read = (service: string) => readFileSync(file(service), 'utf8')
  const committed = (service: string) =>
    readFileSync(join(projectRoot, 'openapi', `${service}.yaml`), 'utf8')
  const write = (service: string, text: string) => writeFileSync(file(service), text)
  mkdirSync(join(root, 'openapi'))
  for (const service of ['user', 'billing', 'order']) write(service, committed(service))
  git('init', '--quiet')
  git('add', '.')
  git('commit', '--quiet', '--message', 'Contracts')
  return {
    root,
    read,
    write,
    committed,
    restore: () => git('checkout', '--quiet', '--', '.'),
    remove: (service: string) => rmSync(file(service)),
    destroy: () => rmSync(root, { recursive: true, force: true }),
  }
}

const replaceOnce = (text: string, what: string | RegExp, by: string) => {
  const changed = text.replace(what, by)
  if (changed === text) throw new Error(`nothing to replace: ${String(what)}`)
  return changed
}

describe('contracts:diff', () => {
  let repository: ReturnType<typeof createRepository>
  const diff = async (service: string) => {
    const diffs = await diffContracts(repository.root, 'HEAD')
    return diffs.find(({ file }) => file === `openapi/${service}.yaml`)
  }
  const change = (service: string, what: string | RegExp, by: string) =>
    repository.write(service, replaceOnce(repository.committed(service), what, by))

  beforeAll(() => {
    repository = createRepository()
  })
  afterAll(() => repository.destroy())

  it('finds nothing where nothing changed', async () => {
    const diffs = await diffContracts(repository.root, 'HEAD')
    expect(diffs.map(({ verdict }) => verdict)).toEqual(['no change', 'no change', 'no change'])
  })

  it('accepts a better description as compatible', async () => {
    change('order', / {2}description: .*/, '  description: Says it better.')
    expect(await diff('order')).toMatchObject({ verdict: 'compatible' })
    repository.restore()
  })

  it('accepts a new problem code, in every document that shows the list of them', async () => {
    change('order', /^( +- )user-not-found$/gm, '$&\n$1new-code')
    expect(repository.read('order').match(/new-code/g)).toHaveLength(3)
    expect(await diff('order')).toMatchObject({ verdict: 'compatible' })
    repository.restore()
  })

  it.each([
    ['a removed path', 'order', /^ {2}\/orders:$/m, '  /requests:'],
    ['a renamed member of an answer', 'billing', /balanceAfter/g, 'remaining'],
    [
      'a member that becomes required',
      'user',
      /(NewUser:[\s\S]*?required:\n)/,
      '$1        - phone\n',
    ],
    [
      'an amount that must be larger',
      'billing',
      /(amount:\n\s+type: integer\n\s+minimum: )1/g,
      '$1100',
    ],
    ['another list that gains a value', 'order', /^( +- )CANCELLED$/gm, '$&\n$1LOST'],
    ['a type that changes', 'order', /(\n\s+price:\n\s+)type: integer/g, '$1type: string'],
  ])('names %s as breaking', async (_name, service, what, by) => {
    change(service, what, by)
    const found = await diff(service)
    expect(found?.verdict).toBe('BREAKING')
    expect(found?.details.length).toBeGreaterThan(0)
    repository.restore()
  })

  it('names a removed contract as breaking, and a new one as new', async () => {
    repository.remove('user')
    repository.write('notification', repository.committed('notification'))
    expect(await diff('user')).toMatchObject({ verdict: 'BREAKING' })
    expect(await diff('notification')).toMatchObject({ verdict: 'new' })
    repository.restore()
  })

  it('ends with 1 on a breaking change and says where', async () => {
    change('order', /^ {2}\/orders:$/m, '  /requests:')
    const script = join(projectRoot, 'tools/contracts/diff.ts')
    const told = await runTool('node', [script, '--root', repository.root, 'HEAD'])
    expect(told.exitCode).toBe(1)
    expect(told.output).toContain('openapi/order.yaml: BREAKING')
    expect(told.output).toContain('/orders')
    repository.restore()
    const quiet = await runTool('node', [script, '--root', repository.root, 'HEAD'])
    expect(quiet.exitCode).toBe(0)
  })

  it('says so when there is no such commit', async () => {
    const script = join(projectRoot, 'tools/contracts/diff.ts')
    const told = await runTool('node', [script, '--root', repository.root])
    expect(told.exitCode).toBe(2)
    expect(told.output).toContain('there is no commit HEAD~1 here')
  })
})
