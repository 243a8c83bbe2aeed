import { parseArgs } from 'node:util'
import { flood, type Attack } from './flood-run.ts'
import { machineSlowness } from './resources.ts'
import { createShoppers } from './shoppers.ts'
import { startOwnSystem } from '../../lab/system.ts'

/** Runs floods: one client tries to make the gateway useless for all others. */
const usage = `usage: npm run test:flood -- [--seconds N] [--only TEXT]
  --seconds  how long each attack lasts, 20 when missing
  --only     the attacks whose name contains this
Each process may need some 4,000 open files: see \`ulimit -Hn\`.`

const leastServedShare = 0.95
const mostGrownMb = 100
const longestBackMs = 10_000
const warmUpSeconds = 15

const attacks: readonly Attack[] = [
  { kind: 'half bodies', connections: 3_000 },
  { kind: 'slow headers', connections: 2_000 },
  { kind: 'unread answers', connections: 40 },
]

const say = (line: string) => void process.stdout.write(`${line}\n`)

const main = async (): Promise<boolean> => {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '20' },
      only: { type: 'string', default: '' },
    },
  })
  const seconds = Number(values.seconds)
  if (!(seconds > 0)) throw new Error(`--seconds must be a number above 0\n${usage}`)
  const chosen = attacks.filter(({ kind }) => kind.includes(values.only))
  if (chosen.length === 0) throw new Error(`no attack is called that\n${usage}`)
  const slowness = machineSlowness()
  say(`${slowness.toFixed(1)} processes want each core: things may take as many times longer`)
  const system = await startOwnSystem()
  const faults: string[] = []
  try {
    const shoppers = await createShoppers(system.urls.gateway)
    // A new process grows for a while, with or without an attack.
    await shoppers.run(8, warmUpSeconds)
    for (const attack of chosen) {
      const report = await flood({ system, shoppers, attack, seconds, slowness, say })
      const { servedShare, grownMb, backAfterMs } = report
      if (servedShare < leastServedShare) faults.push(`${attack.kind}: the others were not served`)
      if (grownMb >= mostGrownMb)
        faults.push(`${attack.kind}: it grew by ${Math.round(grownMb)} MB`)
      if (backAfterMs === undefined || backAfterMs > longestBackMs) {
        faults.push(`${attack.kind}: it was not itself again in time`)
      }
    }
  } finally {
    await system.close()
  }
  for (const fault of faults) say(`- ${fault}`)
  say(`${chosen.length} attacks, ${faults.length} faults`)
  return faults.length === 0
}

process.exitCode = (await main()) ? 0 : 1
