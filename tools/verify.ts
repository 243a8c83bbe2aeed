import { availableParallelism } from 'node:os'
import { parseArgs, styleText } from 'node:util'
import packageJson from '../package.json' with { type: 'json' }
import { runTool } from './run-tool.ts'

/**
 * `npm run verify` checks everything that can be checked without running the product. `npm run
 * verify -- lint types` runs only the named checks. With `--fix`, checks that can repair what they
 * find do so first. A step is one or more scripts of package.json, so that each can also run alone.
 */
interface Step {
  readonly name: string
  readonly what: string
  /** Scripts of package.json, run one after the other. */
  readonly scripts: readonly ScriptName[]
  readonly fix?: ScriptName
}

const { scripts: commandLines } = packageJson
type ScriptName = keyof typeof commandLines

const steps: readonly Step[] = [
  { name: 'types', what: 'the compiler agrees', scripts: ['types', 'types:console', 'types:lab'] },
  {
    name: 'contracts',
    what: 'openapi/ and the clients agree with the code, and are well written',
    scripts: ['contracts:check', 'contracts:lint'],
    fix: 'contracts:emit',
  },
  { name: 'lint', what: 'no known mistakes, floating promises included', scripts: ['lint'] },
  { name: 'imports', what: 'nobody imports what he must not know', scripts: ['imports'] },
  { name: 'dead-code', what: 'everything is used', scripts: ['dead-code'] },
  {
    name: 'boards',
    what: 'observability/ agrees with its boards in TypeScript and the registry',
    scripts: ['observability:check'],
    fix: 'observability',
  },
  {
    name: 'manifests',
    what: 'k8s/ agrees with Kubernetes, the registry and the configuration',
    scripts: ['manifests:check'],
    fix: 'manifests',
  },
  {
    name: 'migrations',
    what: 'the release before can work on the new schema',
    scripts: ['migrations:check'],
  },
  {
    name: 'documents',
    what: 'pictures agree with their texts, figures with their run, the study’s contracts are valid',
    scripts: ['diagrams:check', 'study:check', 'figures:check'],
    fix: 'diagrams',
  },
  { name: 'format', what: 'one way to write it', scripts: ['format:check'], fix: 'format' },
]

interface StepResult {
  readonly ok: boolean
  readonly output: string
}

/** Runs a script without npm, which would take longer than most scripts. */
const runScript = (name: ScriptName, ...more: string[]) => {
  const [program = '', ...args] = commandLines[name].split(' ')
  return runTool(program, [...args, ...more], { colour: process.stdout.isTTY })
}

const runStep = async ({ scripts }: Step): Promise<StepResult> => {
  for (const script of scripts) {
    const { exitCode, output } = await runScript(script)
    if (exitCode !== 0) return { ok: false, output: `npm run ${script}\n${output}` }
  }
  return { ok: true, output: '' }
}

const report = ({ name, what }: Step, { ok, output }: StepResult, ms: number) => {
  const verdict = ok ? styleText('green', 'ok    ') : styleText('red', 'failed')
  console.log(`${verdict} ${name.padEnd(12)} ${(ms / 1000).toFixed(1).padStart(5)} s  ${what}`)
  if (!ok) console.log(`${output.trimEnd()}\n`)
}

/** Runs the steps side by side, one for each core, and tells which failed. */
const runSteps = async (chosen: readonly Step[]) => {
  const waiting = [...chosen]
  const failed: string[] = []
  const work = async () => {
    for (let step = waiting.shift(); step; step = waiting.shift()) {
      const startedAtMs = performance.now()
      const result = await runStep(step)
      report(step, result, performance.now() - startedAtMs)
      if (!result.ok) failed.push(step.name)
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, work))
  return failed
}

const chooseSteps = (names: readonly string[]) => {
  const unknown = names.filter((name) => !steps.some((step) => step.name === name))
  if (unknown.length > 0) {
    const known = steps.map(({ name }) => name).join(', ')
    throw new Error(`no such step: ${unknown.join(', ')}; there are ${known}`)
  }
  return names.length > 0 ? steps.filter(({ name }) => names.includes(name)) : steps
}

const main = async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { fix: { type: 'boolean', default: false } },
  })
  const chosen = chooseSteps(positionals)
  if (values.fix) {
    // One after the other, because they write the same files. The formatter is the last.
    for (const { fix, name } of chosen) {
      if (name === 'lint') await runScript('lint', '--fix')
      if (fix) await runScript(fix)
    }
  }
  const startedAtMs = performance.now()
  const failed = await runSteps(chosen)
  const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1)
  const passed = chosen.length - failed.length
  console.log(`${passed} of ${chosen.length} checks passed in ${seconds} s`)
  if (failed.length > 0) {
    console.error(`failed: ${failed.join(', ')}`)
    process.exitCode = 1
  }
}

await main()
