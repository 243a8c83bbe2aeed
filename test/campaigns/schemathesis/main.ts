import { parseArgs } from 'node:util'
import { registry, servicesWithDatabase } from '../../../src/registry.ts'
import { startOwnSystem, type OwnSystem } from '../../lab/system.ts'
import { openDoor } from './door.ts'
import { installSchemathesis, type SchemathesisRun } from './tool.ts'
import { faultsOf } from './verdict.ts'

/**
 * Runs Schemathesis: it reads each service's contract, and each contract that the gateway shows,
 * from the running system, and tests whether they are true.
 */
const usage = `usage: npm run test:schemathesis -- [--minutes N] [--seed N] [--only WORD]
  --minutes  for all contracts together, 8 when missing
  --seed     repeats the requests of an earlier run; random when missing
  --only     those targets alone whose name contains the word`

const say = (line: string) => void process.stdout.write(`${line}\n`)

const positive = (text: string, name: string): number => {
  const value = Number(text)
  if (Number.isFinite(value) && value > 0) return value
  throw new Error(`--${name} must be a number above 0\n${usage}`)
}

interface Target {
  readonly name: string
  readonly url: string
  /** Where its contract is. */
  readonly path: string
}

/** Logins that are made at identity itself take names that user believes to be free: it comes last. */
const targetsOf = ({ urls }: OwnSystem): Target[] => {
  const services = servicesWithDatabase.map((service) => ({
    name: service,
    url: urls[service],
    path: '/openapi.json',
  }))
  const publicParts = registry.gateway.upstreams.map((service) => ({
    name: `gateway/${service}`,
    url: urls.gateway,
    path: `/openapi/${service}.json`,
  }))
  const isLast = ({ name }: Target) => name === 'identity'
  return [
    ...publicParts,
    ...services.filter((target) => !isLast(target)),
    ...services.filter(isLast),
  ]
}

/** Returns the services that ended or are not ready any more. */
const deadServices = async ({ processes }: OwnSystem): Promise<string[]> => {
  const faults = processes.map(async (running) => {
    const { service } = running
    if (!running.isRunning()) return [`${service} has ended`]
    const signal = AbortSignal.timeout(10_000)
    const { status } = await fetch(`${running.url}/readyz`, { signal }).catch(() => ({ status: 0 }))
    return status === 200 ? [] : [`${service} is not ready any more`]
  })
  return (await Promise.all(faults)).flat()
}

type Run = Awaited<ReturnType<typeof installSchemathesis>>['run']

const tryOut = async (
  system: OwnSystem,
  run: Run,
  { name, url, path }: Target,
  how: Omit<SchemathesisRun, 'location'>,
) => {
  const door = await openDoor(url)
  const finished = await run({ location: `${door.url}${path}`, ...how }).finally(door.close)
  const faults = [...faultsOf(finished), ...(await deadServices(system))]
  const { report, output } = finished
  const { generated = 0 } = report?.test_cases ?? {}
  const operations = `${report?.operations.tested ?? 0} operations, ${generated} requests`
  say(`${name.padEnd(21)} ${operations}, ${faults.length} faults`)
  if (faults.length > 0) say([output, ...faults.map((fault) => `- ${name}: ${fault}`)].join('\n'))
  return faults.length
}

const main = async (): Promise<boolean> => {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '8' },
      seed: { type: 'string', default: String(1 + Math.floor(Math.random() * 999_999)) },
      only: { type: 'string', default: '' },
    },
  })
  const minutes = positive(values.minutes, 'minutes')
  const seed = positive(values.seed, 'seed')
  const schemathesis = await installSchemathesis()
  try {
    say(`${schemathesis.version}; seed ${seed}; starting the services`)
    const system = await startOwnSystem()
    try {
      const targets = targetsOf(system).filter(({ name }) => name.includes(values.only))
      if (targets.length === 0) throw new Error(`no target is called ${values.only}\n${usage}`)
      const seconds = Math.max(1, Math.floor((minutes * 60) / targets.length))
      let faults = 0
      for (const target of targets) {
        faults += await tryOut(system, schemathesis.run, target, { seconds, seed })
      }
      say(`${faults} faults in ${targets.length} contracts (seed ${seed})`)
      return faults === 0
    } finally {
      await system.close()
    }
  } finally {
    await schemathesis.remove()
  }
}

try {
  process.exitCode = (await main()) ? 0 : 1
} catch (error) {
  say((error as Error).message)
  process.exitCode = 1
}
