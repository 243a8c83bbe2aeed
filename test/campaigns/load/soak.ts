import { parseArgs } from 'node:util'
import { soak } from './soak-run.ts'
import { startOwnSystem } from '../../lab/system.ts'

/** Runs the soak. */
const usage = `usage: npm run test:soak -- [--minutes N] [--seed N] [--clients N] [--kill-every SECONDS]
  --minutes     how long, 10 when missing
  --seed        repeats what the clients do and who is killed; random when missing
  --clients     how many clients are at work, 10 when missing
  --kill-every  seconds between two kills, 20 when missing`

const say = (line: string) => void process.stdout.write(`${line}\n`)

const main = async (): Promise<boolean> => {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '10' },
      seed: { type: 'string', default: String(1 + Math.floor(Math.random() * 999_999)) },
      clients: { type: 'string', default: '10' },
      'kill-every': { type: 'string', default: '20' },
    },
  })
  const positive = (name: keyof typeof values) => {
    if (Number(values[name]) > 0) return Number(values[name])
    throw new Error(`--${name} must be a number above 0\n${usage}`)
  }
  const [minutes, seed, clients] = [positive('minutes'), positive('seed'), positive('clients')]
  say(`seed ${seed}; starting the services`)
  const system = await startOwnSystem({ env: { LOG_LEVEL: 'fatal' } })
  try {
    const killEveryMs = positive('kill-every') * 1_000
    const report = await soak({ system, minutes, seed, clients, killEveryMs, say })
    const { requests, unknown, kills, cuts, waves, orders, letters, operations, faults } = report
    say(
      `\n${requests} requests in ${minutes} minutes, ${unknown} of them with no or no definite answer; ${kills} kills, ${cuts} times connections to Postgres were cut; the invariants held ${waves} times for ${orders} orders, ${operations} operations and ${letters} letters`,
    )
    for (const fault of faults) say(`- ${fault}`)
    say(`${faults.length} faults (seed ${seed})`)
    return faults.length === 0
  } finally {
    await system.close()
  }
}

process.exitCode = (await main()) ? 0 : 1
