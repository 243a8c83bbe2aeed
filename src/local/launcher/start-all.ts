import { readFileSync } from 'node:fs'
import path from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { ConfigError, type Environment } from '../../platform/base/config.ts'
import { serviceNames, type ServiceName } from '../../registry.ts'
import { showAddresses } from './addresses.ts'
import { claimFolder, openDataFolder, projectFolder } from '../postgres/data-folder.ts'
import {
  checkServiceVariables,
  readPlan,
  refuseTakenPorts,
  serviceEnvironment,
} from './launch-plan.ts'
import { nodeOptions } from './node-options.ts'
import { createPaint, createProgress } from './progress.ts'
import type { DatabaseUrls } from '../postgres/provision.ts'
import { createServiceLog } from './service-logs.ts'
import { explaining, StartError } from '../postgres/start-error.ts'
import { readyDatabases, type Launch, type Migrate } from './start-databases.ts'
import { stopStages } from './stop-order.ts'
import { superviseService } from './supervisor.ts'

export interface StartAllOptions {
  /** The command that runs one service, to which its name is added. */
  readonly command?: readonly [string, ...string[]]
  readonly migrate?: Migrate
}

/** A service gets this long for what it is doing: more than a request waits for others. */
const serviceGraceMs = 2_500
/** All of them together, when everything is to stop in five seconds. */
const servicesStopMs = 3_000
/** Whoever comes last gets this much all the same. */
const leastGraceMs = 300
/** npm passes a Ctrl-C on that the terminal has delivered already: that is not a second one. */
const sameKeyPressMs = 400

const migrateForReal: Migrate = async (target) => {
  const { migrateDatabase } = await import('../../platform/database/migrate.ts')
  await migrateDatabase(target)
}

const entry = path.join(projectFolder, 'src', 'main.ts')

// --- services -----------------------------------------------------------------

const startService = (launch: Launch, service: ServiceName, urls: DatabaseUrls) => {
  const { plan, environment, data, progress, paint, command } = launch
  const prefix = paint.hue(serviceNames.indexOf(service), service.padEnd(12))
  const say = (line: string) => progress.line(paint.yellow(line))
  const log = explaining(`the logs in ${data.logs} cannot be written`, () =>
    createServiceLog({
      service,
      folder: data.logs,
      limits: plan.logLimits,
      level: plan.logLevel ?? 'warn',
      show: (line) => progress.line(line),
      prefix,
      paint,
    }),
  )
  const supervised = superviseService({
    name: service,
    command: command[0],
    args: [...command.slice(1), service],
    environment: {
      SHUTDOWN_GRACE_MS: String(serviceGraceMs - 300),
      NODE_COMPILE_CACHE: data.cache,
      ...serviceEnvironment(service, plan, urls[service], environment),
    },
    readyUrl: `http://${plan.reachableHost}:${plan.ports[service]}/readyz`,
    log,
    say,
  })
  launch.services.set(service, supervised)
  return supervised
}

const startServices = (launch: Launch, urls: DatabaseUrls) =>
  launch.progress.step('services', async (detail) => {
    let ready = 0
    const waits = serviceNames.map(async (service) => {
      await startService(launch, service, urls).firstReady
      ready += 1
      detail(`${ready} of ${serviceNames.length} ready`)
    })
    await Promise.all(waits)
  })

// --- the end ------------------------------------------------------------------

/** A start that was interrupted notices it after its present step, which never takes longer. */
const stepMs = 1_500

const stopAll = async (launch: Launch, starting: Promise<void>) => {
  const untilMs = performance.now() + servicesStopMs
  const stopServices = async () => {
    for (const stage of stopStages()) {
      const leftMs = Math.max(untilMs - performance.now(), leastGraceMs)
      const graceMs = Math.min(serviceGraceMs, leftMs)
      await Promise.all(stage.map(async (name) => launch.services.get(name)?.stop(graceMs)))
    }
  }
  await stopServices()
  await Promise.race([starting.catch(() => {}), sleep(stepMs)])
  // Started by the step that was under way.
  await stopServices()
  // Last, because the services write until their end.
  await launch.postgres?.stop()
}

const killAll = ({ services, postgres }: Pick<Launch, 'services' | 'postgres'>) => {
  for (const service of services.values()) service.kill()
  // No kill for the server that holds the data: it ends at once by itself, and loses nothing.
  void postgres?.crash()
}

/** Resolves with the first wish to end; a second signal, a moment later, ends us at once. */
const onSignal = (hurry: () => void): Promise<void> =>
  new Promise((resolve) => {
    // A program that started us with a channel, as tests do, takes us with it when it dies.
    if (process.connected) process.once('disconnect', () => resolve())
    let firstMs: number | undefined
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        if (firstMs === undefined) {
          firstMs = performance.now()
          resolve()
        } else if (performance.now() - firstMs > sameKeyPressMs) hurry()
      })
    }
  })

/**
 * Rejects with a fault that nobody caught: then, too, everything is stopped in
 * order. While ending, connections break off as they must, and mean nothing.
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

const bringUp = async (launch: Launch, startMs: number) => {
  const urls = await readyDatabases(launch)
  if (launch.ending.aborted) return
  await startServices(launch, urls)
  if (launch.ending.aborted) return
  showAddresses(launch, startMs)
}

const prepare = async (environment: Environment, options: StartAllOptions, ending: AbortSignal) => {
  const plan = await readPlan(environment)
  checkServiceVariables(plan, environment)
  const data = openDataFolder(plan.dataFolder ?? path.join(projectFolder, '.data'))
  const release = claimFolder(data)
  const isColoured = Boolean(process.stdout.isTTY) && !environment['NO_COLOR']
  const paint = createPaint(isColoured)
  const launch: Launch = {
    plan,
    environment,
    data,
    paint,
    progress: createProgress(process.stdout, paint),
    command: options.command ?? [process.execPath, ...nodeOptions, entry],
    migrate: options.migrate ?? migrateForReal,
    ending,
    postgres: undefined,
    services: new Map(),
  }
  return { launch, release }
}

const tellTrouble = (error: unknown) => {
  const isExpected = error instanceof StartError || error instanceof ConfigError
  // What was not foreseen is a fault of this program: then the stack says more.
  const { message, stack } = error instanceof Error ? error : new Error(String(error))
  process.stderr.write(`${isExpected ? message : (stack ?? message)}\n`)
}

/** A terminal that was closed, or `npm start | head`, must not keep us from stopping properly. */
const surviveClosedScreen = () => {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
}

/**
 * Starts everything on this machine and ends the process when it is told to,
 * or when it cannot go on: exit code 0 after a signal, 1 after a trouble.
 */
export const startAll = async (environment: Environment, options: StartAllOptions = {}) => {
  const startMs = performance.now()
  const ending = new AbortController()
  let launch: Launch | undefined
  let release = () => {}
  let exitCode = 0
  let up: Promise<void> = Promise.resolve()
  surviveClosedScreen()
  const signalled = onSignal(() => {
    if (launch) killAll(launch)
    release()
    process.exit(1)
  })
  const broken = onFault(ending.signal)
  try {
    const prepared = await prepare(environment, options, ending.signal)
    launch = prepared.launch
    release = prepared.release
    const { version } = JSON.parse(
      readFileSync(path.join(projectFolder, 'package.json'), 'utf8'),
    ) as { version: string }
    launch.progress.line(`orderly ${version}, Node ${process.versions.node}, ${launch.data.path}\n`)
    await refuseTakenPorts(launch.plan)
    up = bringUp(launch, startMs)
    await Promise.race([signalled, broken, up])
    await Promise.race([signalled, broken])
  } catch (error) {
    tellTrouble(error)
    exitCode = 1
  }
  ending.abort()
  if (launch) {
    if (exitCode === 0) launch.progress.line('\nStopping …')
    await stopAll(launch, up)
    if (exitCode === 0) launch.progress.line('Everything is stopped.')
  }
  release()
  process.exit(exitCode)
}
