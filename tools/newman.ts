import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { parseArgs, styleText } from 'node:util'

/**
 * `npm run newman`: runs the Postman collection and prints every request and response in full. The
 * collection prints them itself, so that plain newman and Postman's console show them too. Newman's
 * own reporter cuts lines to sixty columns in a log, so they are printed here instead.
 */
const collectionFile = fileURLToPath(
  new URL('../postman/orderly.postman_collection.json', import.meta.url),
)
const defaultBaseUrl = 'http://localhost:8000'

interface Variable {
  readonly key: string
  readonly value: string
}

interface ItemEvent {
  readonly item: { readonly name: string; parent(): { readonly id: string; readonly name: string } }
}

/** The part of newman that is used here. The package has no types. */
interface RunEvents {
  on(event: 'beforeItem', listener: (error: unknown, at: ItemEvent) => void): RunEvents
  on(event: 'console', listener: (error: unknown, said: { messages: unknown[] }) => void): RunEvents
  on(event: 'request', listener: (error: Error | null) => void): RunEvents
  on(
    event: 'assertion',
    listener: (error: Error | null, tested: { assertion: string }) => void,
  ): RunEvents
}

interface RunSummary {
  readonly run: {
    readonly stats: Record<'requests' | 'assertions', { total: number; failed: number }>
    readonly timings: { readonly started: number; readonly completed: number }
    readonly failures: readonly {
      readonly error: { readonly name: string; readonly message: string; readonly test?: string }
      readonly source?: { readonly name?: string }
    }[]
  }
}

interface Newman {
  run(
    options: Record<string, unknown>,
    done: (error: Error | null, summary: RunSummary) => void,
  ): RunEvents
}

const newman = createRequire(import.meta.url)('newman') as Newman

const usage = `npm run newman -- [options], as newman knows them:
  --env-var baseUrl=http://host   where the gateway is (default ${defaultBaseUrl}); any variable, repeatable
  -e, --environment <file>        an exported Postman environment
  --folder <name>                 only this folder, repeatable
  -n, --iteration-count <n>       run the collection n times
  --delay-request <ms>, --timeout-request <ms>, --bail, -k/--insecure
Anything else: npx newman run postman/orderly.postman_collection.json …`

const readOptions = (args: readonly string[]) =>
  parseArgs({
    args: [...args],
    options: {
      'env-var': { type: 'string', multiple: true, default: [] },
      environment: { type: 'string', short: 'e' },
      folder: { type: 'string', multiple: true },
      'iteration-count': { type: 'string', short: 'n', default: '1' },
      'delay-request': { type: 'string', default: '0' },
      'timeout-request': { type: 'string', default: '15000' },
      bail: { type: 'boolean', default: false },
      insecure: { type: 'boolean', short: 'k', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  }).values

const wholeNumber = (name: string, text: string) => {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`--${name} must be a whole number, not ${text}`)
  return Number(text)
}

const variable = (text: string): Variable => {
  const at = text.indexOf('=')
  if (at < 1) throw new Error(`--env-var must look like name=value, not ${text}`)
  return { key: text.slice(0, at), value: text.slice(at + 1) }
}

const runOptions = (args: readonly string[]): Record<string, unknown> | undefined => {
  const given = readOptions(args)
  if (given.help) return undefined
  const variables = given['env-var'].map(variable)
  // A file may bring its own address, and the default must not replace it.
  const needsDefault = given.environment === undefined
  return {
    collection: collectionFile,
    environment: given.environment,
    envVar: needsDefault ? [{ key: 'baseUrl', value: defaultBaseUrl }, ...variables] : variables,
    folder: given.folder,
    iterationCount: wholeNumber('iteration-count', given['iteration-count']),
    delayRequest: wholeNumber('delay-request', given['delay-request']),
    timeoutRequest: wholeNumber('timeout-request', given['timeout-request']),
    bail: given.bail,
    insecure: given.insecure,
    reporters: [],
  }
}

const print = (text: string) => process.stdout.write(`${text}\n`)

const indented = (text: string, indent: string) => text.replaceAll(/^/gm, indent)

const asText = (message: unknown) =>
  typeof message === 'string' ? message : JSON.stringify(message, null, 2)

const printRun = (events: RunEvents) => {
  let folder = ''
  events.on('beforeItem', (_error, { item }) => {
    const parent = item.parent()
    if (parent.id !== folder) print(`\n${styleText('bold', parent.name)}`)
    folder = parent.id
    print(`\n  ${styleText(['bold', 'underline'], item.name)}`)
  })
  events.on('console', (_error, { messages }) => {
    const text = messages.map(asText).join(' ')
    const isHeading = /^[→←] /.test(text)
    print(isHeading ? `\n  ${styleText('cyan', text)}` : indented(text, '    '))
  })
  events.on('request', (error) => {
    if (error) print(`  ${styleText('red', `no response: ${error.message}`)}`)
  })
  events.on('assertion', (error, { assertion }) => {
    if (error) print(`  ${styleText('red', `✗ ${assertion}\n      ${error.message}`)}`)
    else print(`  ${styleText('green', '✓')} ${assertion}`)
  })
}

const printSummary = ({ run }: RunSummary) => {
  const { requests, assertions } = run.stats
  if (requests.total > 0 && requests.failed === requests.total) {
    const hint = 'Start the system with `npm start`, or say where it is with --env-var baseUrl=…'
    print(styleText('red', `\nNot one request was answered. ${hint}`))
    return
  }
  const seconds = ((run.timings.completed - run.timings.started) / 1_000).toFixed(1)
  for (const { error, source } of run.failures) {
    const where = [source?.name, error.test].filter(Boolean).join(' › ')
    print(styleText('red', `\n✗ ${where}\n    ${error.name}: ${error.message}`))
  }
  const failed = run.failures.length === 0 ? 'none failed' : `${run.failures.length} failed`
  print(`\n${requests.total} requests, ${assertions.total} assertions, ${failed}, in ${seconds} s`)
}

const main = () => {
  let options: Record<string, unknown> | undefined
  try {
    options = runOptions(process.argv.slice(2))
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${usage}\n`)
    process.exitCode = 2
    return
  }
  if (!options) {
    print(usage)
    return
  }
  const events = newman.run(options, (error, summary) => {
    if (error) {
      process.stderr.write(`newman could not run: ${error.message}\n`)
      process.exitCode = 1
      return
    }
    printSummary(summary)
    if (summary.run.failures.length > 0) process.exitCode = 1
  })
  printRun(events)
}

main()
