import { parseArgs } from 'node:util'
import { startOwnSystem } from '../../lab/system.ts'
import { fuzz } from './run.ts'

/** Runs the fuzzer with a number of requests and a seed. The same seed sends the same requests. */
const usage = `usage: npm run test:fuzz -- [--requests N] [--seed N]
  --requests  how many requests, raw ones included, 50000 when missing
  --seed      repeats the requests of an earlier run; random when missing`

const say = (line: string) => void process.stdout.write(`${line}\n`)

const wholeNumber = (text: string, name: string): number => {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new Error(`--${name} must be a whole number above 0\n${usage}`)
}

const main = async (): Promise<boolean> => {
  const { values } = parseArgs({
    options: {
      requests: { type: 'string', default: '50000' },
      seed: { type: 'string', default: String(1 + Math.floor(Math.random() * 999_999)) },
    },
  })
  const [requests, seed] = [
    wholeNumber(values.requests, 'requests'),
    wholeNumber(values.seed, 'seed'),
  ]
  say(`seed ${seed}; starting the services`)
  const system = await startOwnSystem()
  const startMs = performance.now()
  try {
    const report = await fuzz({ system, seed, requests, say })
    for (const fault of report.faults) say(`\n- ${fault}`)
    const seconds = Math.round((performance.now() - startMs) / 1_000)
    const { sent, raw, refused, constraints, byStatus, faults } = report
    say(
      `\n${sent} requests in ${seconds} s: ${constraints} broke one constraint each, ${raw} were no proper HTTP, ${refused} were known to be refused and compared row by row`,
    )
    say(`answers: ${JSON.stringify(byStatus)}`)
    say(`${faults.length} faults (seed ${seed})`)
    return faults.length === 0
  } finally {
    await system.close()
  }
}

process.exitCode = (await main()) ? 0 : 1
