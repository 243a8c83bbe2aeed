import { execFile, execFileSync } from 'node:child_process'
import { copyFile, cp, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { currentEnvironment } from '../platform/base/config.ts'

vi.setConfig({ testTimeout: 60_000 })

const script = fileURLToPath(new URL('ensure-installed.cjs', import.meta.url))

interface Outcome {
  readonly code: number
  readonly output: string
  readonly errors: string
}

const run = (file: string, env: Record<string, string> = {}): Promise<Outcome> =>
  new Promise((resolve) => {
    const options = { env: { ...currentEnvironment(), npm_execpath: '', ...env } }
    execFile(process.execPath, [file], options, (error, output, errors) =>
      resolve({ code: error ? Number(error.code) : 0, output, errors }),
    )
  })

/** A project that installs without any network: its one dependency lies in a folder of its own. */
const makeProject = async (folder: string) => {
  await mkdir(path.join(folder, 'src', 'dev'), { recursive: true })
  await mkdir(path.join(folder, 'neighbour'))
  await copyFile(script, path.join(folder, 'src', 'dev', 'ensure-installed.cjs'))
  await writeFile(
    path.join(folder, 'neighbour', 'package.json'),
    JSON.stringify({ name: 'neighbour', version: '1.0.0' }),
  )
  await writeFile(
    path.join(folder, 'package.json'),
    JSON.stringify({
      name: 'small',
      version: '1.0.0',
      devDependencies: { neighbour: 'file:neighbour' },
    }),
  )
  npm(folder, 'install', '--package-lock-only')
}

const npm = (folder: string, ...args: string[]) =>
  execFileSync('npm', [...args, '--offline', '--no-audit', '--no-fund'], {
    cwd: folder,
    stdio: 'ignore',
  })

describe('before the first start', () => {
  /** A project that nobody has installed yet. Each test gets a copy. */
  let fresh: string
  let folder: string
  const ensure = (env?: Record<string, string>) =>
    run(path.join(folder, 'src', 'dev', 'ensure-installed.cjs'), env)
  const isInstalled = () =>
    stat(path.join(folder, 'node_modules', 'neighbour')).then(
      () => true,
      () => false,
    )

  beforeAll(async () => {
    fresh = await mkdtemp(path.join(tmpdir(), 'orderly-install-'))
    await makeProject(fresh)
  })
  afterAll(() => rm(fresh, { recursive: true, force: true }))
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'orderly-install-'))
    await cp(fresh, folder, { recursive: true })
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  it('what is missing is installed, with its duration, and nothing the second time', async () => {
    const first = await ensure()
    expect(first).toMatchObject({ code: 0, errors: '' })
    expect(first.output).toMatch(/installed in \d+\.\d s\n$/)
    expect(await isInstalled()).toBe(true)
    expect(await ensure()).toEqual({ code: 0, output: '', errors: '' })
  })

  it('development packages are installed also where production is announced', async () => {
    expect((await ensure({ NODE_ENV: 'production', npm_config_omit: 'dev' })).code).toBe(0)
    expect(await isInstalled()).toBe(true)
  })

  it('an installation that the user made is good enough', async () => {
    npm(folder, 'ci')
    expect(await ensure()).toEqual({ code: 0, output: '', errors: '' })
  })

  it('a changed lock file or a missing package leads to another installation', async () => {
    await ensure()
    const lockFile = path.join(folder, 'package-lock.json')
    const lock = JSON.parse(await readFile(lockFile, 'utf8')) as {
      packages: Record<string, { version?: string }>
    }
    const entry = lock.packages['neighbour'] as { version?: string }
    entry.version = '1.0.1'
    await writeFile(lockFile, JSON.stringify(lock))
    const manifest = path.join(folder, 'neighbour', 'package.json')
    await writeFile(manifest, JSON.stringify({ name: 'neighbour', version: '1.0.1' }))
    expect((await ensure()).output).toMatch(/installed in/)

    await rm(path.join(folder, 'node_modules', 'neighbour'), { recursive: true })
    expect((await ensure()).output).toMatch(/installed in/)
    expect(await isInstalled()).toBe(true)
  })

  it('nothing that comes from elsewhere is run while it is installed', async () => {
    const trace = path.join(folder, 'ran')
    const neighbour = path.join(folder, 'neighbour')
    const scripts = Object.fromEntries(
      ['preinstall', 'install', 'postinstall', 'prepare'].map((name) => [
        name,
        `node -e "require('fs').appendFileSync('${trace}', '${name} ')"`,
      ]),
    )
    await writeFile(
      path.join(neighbour, 'package.json'),
      JSON.stringify({ name: 'neighbour', version: '1.0.0', scripts }),
    )
    npm(neighbour, 'pack', '--ignore-scripts', '--pack-destination', folder)
    await writeFile(
      path.join(folder, 'package.json'),
      JSON.stringify({
        name: 'small',
        version: '1.0.0',
        scripts,
        devDependencies: { neighbour: 'file:neighbour-1.0.0.tgz' },
      }),
    )
    npm(folder, 'install', '--package-lock-only', '--ignore-scripts')
    expect(await ensure()).toMatchObject({ code: 0, errors: '' })
    expect(await isInstalled()).toBe(true)
    expect(await readFile(trace, 'utf8').catch(() => 'nothing')).toBe('nothing')
  })

  it('an old Node installs, also where the settings of npm are strict about it', async () => {
    const manifest = path.join(folder, 'package.json')
    const content = JSON.parse(await readFile(manifest, 'utf8')) as object
    await writeFile(manifest, JSON.stringify({ ...content, engines: { node: '1.x' } }))
    npm(folder, 'install', '--package-lock-only')
    expect(await ensure({ npm_config_engine_strict: 'true' })).toMatchObject({ code: 0 })
    expect(await isInstalled()).toBe(true)
  })

  it('an old Node is told which one is needed where npm brings none', async () => {
    await ensure()
    const older = path.join(folder, 'older.cjs')
    await writeFile(older, "Object.defineProperty(process, 'version', { value: 'v23.11.1' })")
    const { code, errors } = await ensure({ NODE_OPTIONS: `--require ${older}` })
    expect(code).toBe(1)
    expect(errors).toMatch(/^Node 24 is needed: this is v23\.11\.1, and none comes bundled/)
  })

  it('two at once install once', async () => {
    const outcomes = await Promise.all([ensure(), ensure()])
    expect(outcomes.map(({ code }) => code)).toEqual([0, 0])
    const outputs = outcomes.map(({ output }) => output).join('')
    expect(outputs.match(/installed in/g)).toHaveLength(1)
  })

  it('a lock left by a killed installation holds nobody up', async () => {
    await mkdir(path.join(folder, '.cache'))
    const gone = execFile(process.execPath, ['-e', ''])
    await new Promise((resolve) => gone.once('exit', resolve))
    const holder = { pid: gone.pid, host: (await import('node:os')).hostname() }
    await writeFile(path.join(folder, '.cache', 'install.lock'), JSON.stringify(holder))
    const startMs = performance.now()
    expect((await ensure()).code).toBe(0)
    expect(performance.now() - startMs).toBeLessThan(12_000)
  })

  it("a failure is told by npm's last words and one sentence", async () => {
    const manifest = path.join(folder, 'package.json')
    await writeFile(
      manifest,
      JSON.stringify({ name: 'small', version: '1.0.0', dependencies: { absent: '1.0.0' } }),
    )
    const { code, errors } = await ensure({ npm_config_offline: 'true' })
    expect(code).toBe(1)
    expect(errors).toMatch(/absent/)
    expect(errors).toMatch(/the installation failed after \d+\.\d s .*\n$/)
  })
})
