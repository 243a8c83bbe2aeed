import { parseArgs } from 'node:util'
import type { Mutation } from './mutation.ts'
import { mutations } from './mutations.ts'
import { endTests, runChaos, runTests, type Verdict } from './run-tests.ts'
import { openWorkspace, type Workspace } from './workspace.ts'

/**
 * Plants one small bug after the other in a copy of the project and runs the tests. When no test
 * fails, a test is missing.
 */
const usage = `usage: npm run test:mutants -- [--only TEXT] [--from TEXT] [--shard I/N] [--quick] [--random] [--list]
  --only   the mutations whose name contains this
  --from   begins with the first one whose name contains this
  --shard  every N-th mutation, beginning with the I-th
  --quick  asks only the tests that a mutation names, not the wider ones after them
  --random asks a random run alone: how much does that see?
  --list   shows the names, and runs nothing`

/** These run when the tests that a mutation names did not fail. */
const widerTests = [
  'src/services',
  'test/guarantees/scenario.test.ts',
  'test/guarantees/no-outage-loses-an-order.test.ts',
]

const namedTimeoutMs = 150_000
const widerTimeoutMs = 400_000
const chaosTimeoutMs = 240_000
const chaosSeed = 7

const say = (line: string) => process.stdout.write(`${line}\n`)
const seconds = (ms: number) => `${(ms / 1_000).toFixed(0)} s`.padStart(6)

/** Which tests run: the named and the wider ones, only the named ones, or only a random run. */
type Asked = 'all' | 'named' | 'random'

interface Result {
  readonly mutation: Mutation
  readonly isCaught: boolean
  readonly by: string
  readonly ms: number
}

const choose = (): { chosen: readonly Mutation[]; asked: Asked } => {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', default: '' },
      from: { type: 'string', default: '' },
      shard: { type: 'string', default: '1/1' },
      quick: { type: 'boolean', default: false },
      random: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
    },
  })
  const [index, count] = (/^(\d+)\/(\d+)$/.exec(values.shard) ?? []).slice(1).map(Number)
  if (!index || !count || index > count) throw new Error(`--shard must look like 1/4\n${usage}`)
  const first = mutations.findIndex(({ name }) => name.includes(values.from))
  const chosen = mutations
    .slice(first === -1 ? mutations.length : first)
    .filter(({ name }) => name.includes(values.only))
    .filter((_, place) => place % count === index - 1)
  if (chosen.length === 0) throw new Error(`no mutation is named like that\n${usage}`)
  if (values.list) {
    say(chosen.map(({ name }) => name).join('\n'))
    process.exit(0)
  }
  const asked = values.random ? 'random' : values.quick ? 'named' : 'all'
  return { chosen, asked }
}

/** Each test must pass before a bug is planted: a test that fails anyway would catch every bug. */
const createBaseline = ({ root }: Workspace) => {
  const passed = new Set<string>()
  return async (file: string): Promise<Verdict> => {
    if (passed.has(file)) return { outcome: 'passed', by: '', ms: 0 }
    let verdict = await runTests(root, [file], namedTimeoutMs)
    // A busy machine may have been too slow once.
    if (verdict.outcome !== 'passed') verdict = await runTests(root, [file], widerTimeoutMs)
    if (verdict.outcome === 'passed') passed.add(file)
    return verdict
  }
}

interface JudgeDeps {
  readonly workspace: Workspace
  readonly checkBaseline: (file: string) => Promise<Verdict>
  readonly asked: Asked
}

const judge = async (mutation: Mutation, deps: JudgeDeps): Promise<Result> => {
  const { workspace, checkBaseline, asked } = deps
  const { root } = workspace
  const random = () => runChaos(root, chaosSeed, chaosTimeoutMs)
  const wider = () => runTests(root, widerTests, widerTimeoutMs)
  const named = mutation.tests.map((file) => () => runTests(root, [file], namedTimeoutMs))
  const attempts = { random: [random], named, all: [...named, wider, random] }[asked]
  let ms = 0
  let notes = ''
  for (const [index, attempt] of attempts.entries()) {
    const file = asked === 'random' ? undefined : mutation.tests[index]
    const baseline = file === undefined ? undefined : await checkBaseline(file)
    if (baseline !== undefined && baseline.outcome !== 'passed') {
      notes += `\n${file} does not pass without the bug (${baseline.outcome}): ${baseline.by}`
      continue
    }
    workspace.plant(mutation.edits)
    const verdict = await attempt()
    workspace.restore()
    ms += verdict.ms
    if (verdict.outcome === 'failed') return { mutation, isCaught: true, by: verdict.by, ms }
    if (verdict.outcome !== 'passed') notes += `\n${verdict.outcome}: ${verdict.by}`
  }
  return { mutation, isCaught: false, by: notes, ms }
}

const show = ({ mutation, isCaught, by, ms }: Result) =>
  say(
    `${isCaught ? 'caught  ' : 'SURVIVED'} ${seconds(ms)}  ${mutation.name}\n                  ${by}`,
  )

const main = async () => {
  const { chosen, asked } = choose()
  const startMs = performance.now()
  const workspace = openWorkspace()
  const leave = (code: number) => {
    endTests()
    workspace.remove()
    process.exit(code)
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => leave(1))
  try {
    // Checks all edits first: a text that is missing must not be found after half an hour.
    for (const { edits } of mutations) {
      workspace.plant(edits)
      workspace.restore()
    }
    const checkBaseline = createBaseline(workspace)
    const results: Result[] = []
    for (const mutation of chosen) {
      const result = await judge(mutation, { workspace, checkBaseline, asked })
      results.push(result)
      show(result)
    }
    const survived = results.filter(({ isCaught }) => !isCaught)
    const took = seconds(performance.now() - startMs).trim()
    say(`\n${results.length - survived.length} of ${results.length} caught in ${took}`)
    for (const { mutation } of survived) say(`not caught: ${mutation.name}`)
    leave(survived.length > 0 ? 1 : 0)
  } catch (error) {
    say(error instanceof Error ? error.message : String(error))
    leave(1)
  }
}

await main()
