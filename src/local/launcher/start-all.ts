import { readFileSync } from 'node:fs'
import path from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { ConfigError, type Environment } from '../../platform/base/config.ts'
import { serviceNames, type ServiceName } from '../../registry.ts'
import { showAddresses } from './addresses.ts'
import { operatorWasShown } from './first-operator.ts'
import {
  claimFolder,
  openDataFolder,
  projectFolder,
  type FolderClaim,
} from '../postgres/data-folder.ts'
import { readPlan, refuseTakenPorts, type LaunchPlan } from './launch-plan.ts'
import { nodeOptions } from './node-options.ts'
import { createPaint, createProgress } from './progress.ts'
import type { DatabaseUrls } from '../postgres/provision.ts'
import { checkServiceVariables, serviceEnvironment } from './service-environment.ts'
import { keptServiceKeys } from './service-keys.ts'
import { dataFolderOf } from './running.ts'
import { createServiceLog } from './service-logs.ts'
import { explaining, StartError } from '../postgres/start-error.ts'
import { beginAccess } from './ready-access.ts'
import { readyDatabases, type Launch, type Migrate } from './start-databases.ts'
import { stopStages } from './stop-order.ts'
import { superviseService } from './supervisor.ts'
import { warmUp } from './warm-up.ts'
import { refuseLab, type ProcessName } from './with-lab.ts'

export interface StartAllOptions {
  /** The command that runs one service, to which its name is added. */
  readonly command?: readonly [string, ...string[]]
  readonly migrate?: Migrate
  /** Whether people may break things: `--lab`. */
  readonly hasLab?: boolean
}

/** A service gets this long to finish its work: more than a request waits for others. */
const serviceGraceMs = 2_500
/** All services together get this long, when everything must stop in five seconds. */
const servicesStopMs = 2_400
/** The last service gets at least this long. */
const leastGraceMs = 300
/** npm repeats a Ctrl-C that the terminal has already delivered: within this time it is no second one. */
const sameKeyPressMs = 400

const migrateForReal: Migrate = async (target) => {
  const { migrateDatabase } = await import('../../platform/database/migrate.ts')
  await migrateDatabase(target)
}

const entry = path.join(projectFolder, 'src', 'main.ts')

// --- services -----------------------------------------------------------------

/** Somebody who starts many launchers lets them share it. */
const cacheOf = ({ data, environment }: Launch) => environment['NODE_COMPILE_CACHE'] || data.cache

interface Process {
  readonly name: ProcessName
  readonly service: ServiceName
  readonly port: number
}

const processesOf = ({ services, ports, lab }: LaunchPlan): Process[] => [
  ...services.map((service) => ({ name: service, service, port: ports[service] })),
  ...(lab ? [{ name: 'order-2', service: 'order', port: lab.secondOrderPort } as const] : []),
]

const startService = (launch: Launch, { name, service, port }: Process, urls: DatabaseUrls) => {
  const { plan, data, progress, paint, command } = launch
  const prefix = paint.hue(serviceNames.indexOf(service), name.padEnd(12))
  const say = (line: string) => progress.line(paint.yellow(line))
  const log = explaining(`the logs in ${data.logs} cannot be written`, () =>
    createServiceLog({
      service: name,
      folder: data.logs,
      limits: plan.logLimits,
      level: plan.logLevel ?? 'warn',
      show: (line) => progress.line(line),
      prefix,
      paint,
    }),
  )
  const supervised = superviseService({
    name,
    command: command[0],
    args: [...command.slice(1), service],
    environment: {
      SHUTDOWN_GRACE_MS: String(serviceGraceMs - 300),
      ...serviceEnvironment(service, launch, urls[service]),
      NODE_COMPILE_CACHE: cacheOf(launch),
      PORT: String(port),
    },
    readyUrl: `http://${plan.reachableHost}:${port}/readyz`,
    log,
    say,
  })
  launch.services.set(name, { ...supervised, service })
  return supervised
}

const startServices = (launch: Launch, urls: DatabaseUrls) =>
  launch.progress.step('services', async (detail) => {
    let ready = 0
    const processes = processesOf(launch.plan)
    const waits = processes.map(async (each) => {
      await startService(launch, each, urls).firstReady
      ready += 1
      detail(`${ready} of ${processes.length} ready`)
    })
    await Promise.all(waits)
  })

// --- the end ------------------------------------------------------------------

/** An interrupted start notices the end after its present step, which never takes longer than this. */
const stepMs = 1_500

const stopAll = async (launch: Launch, starting: Promise<void>) => {
  const untilMs = performance.now() + servicesStopMs
  const stopServices = async () => {
    for (const stage of stopStages()) {
      const leftMs = Math.max(untilMs - performance.now(), leastGraceMs)
      const graceMs = Math.min(serviceGraceMs, leftMs)
      const running = [...launch.services.values()].filter(({ service }) => stage.includes(service))
      await Promise.all(running.map((service) => service.stop(graceMs)))
    }
  }
  launch.lab?.close()
  await stopServices()
  await Promise.race([starting.catch(() => {}), sleep(stepMs)])
  // The step that was under way may have started services.
  await stopServices()
  // Postgres stops last, because the services write until their end.
  await launch.postgres?.stop()
  await Promise.race([launch.postgresIsLeft, sleep(stepMs)])
}

const killAll = ({ services, postgres }: Pick<Launch, 'services' | 'postgres'>) => {
  for (const service of services.values()) service.kill()
  // The server that holds the data is not killed: it ends at once by itself, and loses nothing.
  void postgres?.crash()
}

/** Resolves with the first signal to end. A second one, a moment later, ends us at once. */
const onSignal = (killNow: () => void): Promise<void> =>
  new Promise((resolve) => {
    // A program that started us with a channel, as tests do, must take us with it when it dies.
    if (process.connected) process.once('disconnect', () => resolve())
    let firstMs: number | undefined
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        if (firstMs === undefined) {
          firstMs = performance.now()
          resolve()
        } else if (performance.now() - firstMs > sameKeyPressMs) killNow()
      })
    }
  })

/**
 * Rejects with an exception that nobody caught: then, too, everything stops in order. During the
 * end connections break, so exceptions mean nothing.
 */
const onFault = (ending: AbortSignal): Promise<never> => {
  const fault = new Promise<never>((_, reject) => {
    process.on('uncaughtException', (error) => {
      if (!ending.aborted) reject(error)
    })
  })
  fault.catch(() => {})
  return fault
}

/** Loads the lab, whose links must be there before the services that use them. */
const prepareLab = async (launch: Launch, urls: DatabaseUrls) => {
  if (launch.plan.lab === undefined) return
  const { createLab } = await import('../lab/lab.ts')
  const lab = await createLab(launch, urls)
  launch.lab = lab
  launch.ways = lab.ways
}

const startEverything = async (launch: Launch, claim: FolderClaim, startMs: number) => {
  // Postgres mostly waits for the disk in this time.
  const isWarm = warmUp({ ...launch, cache: cacheOf(launch), signal: launch.ending })
  const urls = await readyDatabases(launch)
  await isWarm
  if (launch.ending.aborted) return
  claim.note({ otherIssuer: launch.plan.otherIssuer, databases: urls })
  const endAccess = beginAccess(launch, urls.identity)
  await prepareLab(launch, urls)
  await startServices(launch, urls)
  if (launch.ending.aborted) return
  const operator = await endAccess()
  if (launch.ending.aborted) return
  await launch.lab?.open()
  showAddresses(launch, operator, startMs)
  if (operator?.password !== undefined) operatorWasShown(launch.data)
}

const prepare = async (environment: Environment, options: StartAllOptions, ending: AbortSignal) => {
  const { hasLab = false } = options
  const plan = await readPlan(environment, { hasLab })
  if (hasLab) refuseLab(plan, environment)
  checkServiceVariables(plan, environment)
  const data = openDataFolder(dataFolderOf(environment))
  const claim = claimFolder(data)
  claim.note({ otherIssuer: plan.otherIssuer })
  const isColoured = Boolean(process.stdout.isTTY) && !environment['NO_COLOR']
  const paint = createPaint(isColoured)
  const launch: Launch = {
    plan,
    environment,
    keys: keptServiceKeys(data),
    data,
    paint,
    progress: createProgress(process.stdout, paint),
    command: options.command ?? [process.execPath, ...nodeOptions, entry],
    migrate: options.migrate ?? migrateForReal,
    ending,
    postgres: undefined,
    services: new Map(),
  }
  return { launch, claim }
}

const printError = (error: unknown) => {
  const isExpected = error instanceof StartError || error instanceof ConfigError
  // An unexpected error is a fault of this program, and its stack helps.
  const { message, stack } = error instanceof Error ? error : new Error(String(error))
  process.stderr.write(`${isExpected ? message : (stack ?? message)}\n`)
}

/** A closed terminal, or `npm start | head`, must not keep us from stopping properly. */
const ignoreClosedScreen = () => {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
}

/**
 * Starts everything on this machine. Ends the process when it is told to, or when it cannot go on:
 * exit code 0 after a signal, 1 after a trouble.
 */
export const startAll = async (environment: Environment, options: StartAllOptions = {}) => {
  const startMs = performance.now()
  const ending = new AbortController()
  let launch: Launch | undefined
  let claim: FolderClaim | undefined
  let exitCode = 0
  let starting: Promise<void> = Promise.resolve()
  ignoreClosedScreen()
  const signal = onSignal(() => {
    if (launch) killAll(launch)
    claim?.release()
    process.exit(1)
  })
  const fault = onFault(ending.signal)
  try {
    const prepared = await prepare(environment, options, ending.signal)
    launch = prepared.launch
    claim = prepared.claim
    const { version } = JSON.parse(
      readFileSync(path.join(projectFolder, 'package.json'), 'utf8'),
    ) as { version: string }
    launch.progress.line(`orderly ${version}, Node ${process.versions.node}, ${launch.data.path}\n`)
    await refuseTakenPorts(launch.plan)
    starting = startEverything(launch, claim, startMs)
    await Promise.race([signal, fault, starting])
    await Promise.race([signal, fault])
  } catch (error) {
    printError(error)
    exitCode = 1
  }
  ending.abort()
  if (launch) {
    if (exitCode === 0) launch.progress.line('\nStopping …')
    await stopAll(launch, starting)
    if (exitCode === 0) launch.progress.line('Everything is stopped.')
  }
  claim?.release()
  process.exit(exitCode)
}
