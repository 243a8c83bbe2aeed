import { spawn } from 'node:child_process'
import { parseArgs } from 'node:util'
import { databaseVariable } from '../src/platform/base/variables.ts'
import { servicesWithDatabase } from '../src/registry.ts'
import { peakMemoryMb, postgresCpuMicros, processCpuMicros } from '../test/lab/usage.ts'
import { startBenchPostgres, type BenchDatabases } from './lib/databases.ts'
import { describeMachine, machineLine } from './lib/machine.ts'
import { createScreen } from './lib/screen.ts'
import { seedDatabases } from './lib/seed.ts'
import { withStops } from './lib/stops.ts'

/**
 * `npm run bench:audit`: how long the audit takes over a million orders with their operations and
 * letters, and how much memory it needs, compared with a tenth of them. Fails when it finds anything,
 * takes longer than it may, or needs more memory for more orders.
 */
const usage = 'usage: npm run bench:audit -- [--orders=1000000] [--seconds=60]'

const number = (text: string): number => {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 10) throw new Error(usage)
  return value
}

const readOptions = () => {
  const { values } = parseArgs({
    options: {
      orders: { type: 'string', default: '1000000' },
      seconds: { type: 'string', default: '60' },
    },
  })
  return { orders: number(values.orders), seconds: number(values.seconds) }
}

const sampleEveryMs = 50

interface Run {
  readonly seconds: number
  /** Of the audit and of Postgres: what it would take on two idle cores is half of it at least. */
  readonly cpuSeconds: number
  readonly peakMb: number
  readonly rows: number
  readonly violations: number
}

interface Told {
  readonly rows: Readonly<Record<string, number>>
  readonly violations: readonly unknown[]
}

const main = new URL('../src/main.ts', import.meta.url).pathname

/** In a process of its own, as people run it. */
const runAudit = async ({ urls }: BenchDatabases, postgresPid: number): Promise<Run> => {
  const postgresBefore = postgresCpuMicros(postgresPid) ?? Number.NaN
  const startMs = performance.now()
  const child = spawn(process.execPath, [main, 'audit', '--json', '--no-record'], {
    env: Object.fromEntries(
      servicesWithDatabase.map((service) => [databaseVariable(service), urls[service] ?? '']),
    ),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  let peakMb = 0
  let ownMicros = 0
  const sampling = setInterval(() => {
    peakMb = peakMemoryMb(child.pid ?? 0) ?? peakMb
    ownMicros = processCpuMicros(child.pid ?? 0) ?? ownMicros
  }, sampleEveryMs)
  const code = await new Promise((resolve) => child.once('close', resolve))
  clearInterval(sampling)
  const seconds = (performance.now() - startMs) / 1_000
  if (code !== 0 && code !== 1) throw new Error(`the audit ended with ${String(code)}`)
  const { rows, violations } = JSON.parse(text) as Told
  for (const violation of violations.slice(0, 3))
    process.stderr.write(`${JSON.stringify(violation)}\n`)
  return {
    seconds,
    cpuSeconds: (ownMicros + (postgresCpuMicros(postgresPid) ?? Number.NaN) - postgresBefore) / 1e6,
    peakMb,
    rows: Object.values(rows).reduce((sum, each) => sum + each, 0),
    violations: violations.length,
  }
}

const memoryMarginMb = 40

await withStops(async (stops) => {
  const { orders, seconds } = readOptions()
  const screen = createScreen()
  const postgres = await startBenchPostgres()
  stops.push(postgres.close)
  const runs: Run[] = []
  for (const size of [orders / 10, orders]) {
    screen.now(`storing ${size} orders`)
    const databases = await postgres.createSet(`of_${size}`)
    await seedDatabases(databases, { orders: size })
    screen.now(`reading ${size} orders`)
    const run = await runAudit(databases, postgres.server().pid)
    runs.push(run)
    screen.line(
      `${size.toLocaleString('en')} orders: ${run.seconds.toFixed(1)} s (${run.cpuSeconds.toFixed(1)} s of CPU), ${run.rows.toLocaleString('en')} rows read, ${Math.round(run.peakMb)} MB at most, ${run.violations} violations`,
    )
  }
  screen.end()
  console.log(machineLine(describeMachine(postgres.version)))
  const [few, many] = runs
  if (few === undefined || many === undefined) throw new Error('nothing was measured')
  const isFast = many.seconds <= seconds
  const isSmall = many.peakMb <= few.peakMb + memoryMarginMb
  if (!isFast) console.log(`it may take ${seconds} s`)
  if (!isSmall) console.log('its memory grows with the number of orders')
  if (!isFast || !isSmall || few.violations + many.violations > 0) process.exitCode = 1
})
