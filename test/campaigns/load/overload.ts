import { parseArgs } from 'node:util'
import { readVariables } from '../../../src/platform/base/config.ts'
import { variablesOf } from '../../../src/platform/base/variables.ts'
import { overload } from './overload-run.ts'
import { machineSlowness } from './resources.ts'
import { startOwnSystem } from '../../lab/system.ts'

/** Runs the overload with the default limits. */
const usage = `usage: npm run test:overload -- [--seconds N] [--rounds N] [--places N]
  --seconds  how long each overload lasts, 12 when missing
  --rounds   how often peak and overload are measured in turn, 3 when missing
  --places   MAX_CONCURRENT_REQUESTS of the services; what they ship with when missing`

const leastShare = 0.8
/** On a busy machine more calls time out. There the system only must not break down. */
const leastShareAmongOthers = 0.5
const quietSlowness = 1.5

const say = (line: string) => void process.stdout.write(`${line}\n`)

const positive = (text: string, name: string): number => {
  if (Number(text) > 0) return Number(text)
  throw new Error(`--${name} must be a number above 0\n${usage}`)
}

const shippedPlaces = (): number => {
  const { MAX_CONCURRENT_REQUESTS } = readVariables(variablesOf('gateway'), {})
  return Number(MAX_CONCURRENT_REQUESTS)
}

const main = async (): Promise<boolean> => {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '12' },
      rounds: { type: 'string', default: '3' },
      places: { type: 'string', default: String(shippedPlaces()) },
    },
  })
  const seconds = positive(values.seconds, 'seconds')
  const rounds = positive(values.rounds, 'rounds')
  const places = positive(values.places, 'places')
  const slowness = machineSlowness()
  const isQuiet = slowness <= quietSlowness
  const wanted = isQuiet ? leastShare : leastShareAmongOthers
  if (!isQuiet) {
    say(
      `THIS MACHINE IS BUSY: ${slowness.toFixed(1)} processes want each core. Refusals may take as many times longer, and ${wanted * 100} % of the peak are asked for instead of ${leastShare * 100} %.`,
    )
  }
  say('starting the services')
  const system = await startOwnSystem({ env: { MAX_CONCURRENT_REQUESTS: String(places) } })
  try {
    const report = await overload({ system, places, rounds, seconds, slowness, say })
    const { refused, settled, orders, bookings } = report
    const faults = [...report.faults]
    const share = isQuiet ? report.share : Math.max(report.share, report.cpuShare)
    if (share < wanted) faults.push(`it serves less than ${wanted * 100} % of its peak`)
    say(
      `${refused} refusals; ${settled} errands that were refused or left open at the end were settled by a repeat; ${orders} orders and ${bookings} bookings, as many as keys`,
    )
    for (const fault of faults) say(`- ${fault}`)
    say(
      `${Math.round(share * 100)} % of the peak under overload (median of ${rounds}), ${faults.length} faults`,
    )
    return faults.length === 0
  } finally {
    await system.close()
  }
}

process.exitCode = (await main()) ? 0 : 1
