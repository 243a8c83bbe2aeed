import { readFileSync } from 'node:fs'
import path from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { ConfigError, type Environment } from '../platform/config.ts'
import { registry, serviceNames, type ServiceName } from '../registry.ts'
import { claimFolder, keptSecret, openDataFolder, projectFolder } from './data-folder.ts'
import type { DataFolder } from './data-folder.ts'
import { startEmbeddedPostgres, type EmbeddedPostgres } from './embedded-postgres.ts'
import {
  checkServiceVariables,
  readPlan,
  refuseTakenPorts,
  serviceEnvironment,
  type LaunchPlan,
} from './launch-plan.ts'
import { createPaint, createProgress, type Paint, type Progress } from './progress.ts'
import { provision, type DatabaseUrls } from './provision.ts'
import { createServiceLog } from './service-logs.ts'
import { explaining, StartError } from './start-error.ts'
import { superviseService, type SupervisedService } from './supervisor.ts'

export interface StartAllOptions {
  /** The command that runs one service, to which its name is added. */
  readonly command?: readonly [string, ...string[]]
  /** Brings one database to its newest schema. */
  readonly migrate?: (target: { url: string; service: ServiceName }) => Promise<void>
}

/** Services get this long for what they are doing, when everything is to stop in five seconds. */
const serviceGraceMs = 2_000
/** npm passes a Ctrl-C on that the terminal has delivered already: that is not a second one. */
const sameKeyPressMs = 400

const migrateForReal = async (target: { url: string; service: ServiceName }) => {
  const { migrateDatabase } = await import('../platform/migrate.ts')
  await migrateDatabase(target)
}

const entry = path.join(projectFolder, 'src', 'main.ts')

interface Launch {
  readonly plan: LaunchPlan
  readonly environment: Environment
  readonly data: DataFolder
  readonly progress: Progress
  readonly paint: Paint
  readonly command: readonly [string, ...string[]]
  readonly migrate: NonNullable<StartAllOptions['migrate']>
  /** Aborted when everything is to end. */
  readonly ending: AbortSignal
  postgres: EmbeddedPostgres | undefined
  readonly services: Map<ServiceName, SupervisedService>
}

// --- databases ----------------------------------------------------------------

const keepPostgresRunning = async (launch: Launch) => {
  const { data, progress, paint, ending } = launch
  for (let pauseMs = 200; ; pauseMs = Math.min(pauseMs * 2, 10_000)) {
    await launch.postgres?.ended
    if (ending.aborted) return
    progress.line(paint.yellow('Postgres ended by itself; starting it again'))
    try {
      launch.postgres = await startEmbeddedPostgres({ data })
      progress.line(`Postgres is back on port ${launch.postgres.port}`)
      pauseMs = 100
    } catch (error) {
      progress.line(paint.red((error as Error).message))
      launch.postgres = undefined
    }
    await sleep(pauseMs)
    if (ending.aborted) await launch.postgres?.stop()
  }
}

const startPostgres = async (launch: Launch) => {
  launch.postgres = await launch.progress.step('Postgres', async (detail) => {
    const { data, ending } = launch
    const server = await startEmbeddedPostgres({ data, onProgress: detail, signal: ending })
    const how = server.wasTakenOver ? 'taken over from a killed run' : 'started'
    detail(`${how}, port ${server.port}`)
    return server
  })
  // A key pressed while it started found nothing to stop: stopping is then done once more.
  void keepPostgresRunning(launch)
  return launch.postgres.url
}

const readyDatabases = async (launch: Launch): Promise<DatabaseUrls> => {
  const { plan, progress, data } = launch
  const owners = serviceNames.filter((name) => registry[name].hasDatabase)
  const toMake = owners.filter((name) => plan.givenDatabases[name] === undefined)
  const urls: DatabaseUrls = { ...plan.givenDatabases }
  if (toMake.length > 0) {
    const adminUrl = plan.adminUrl ?? (await startPostgres(launch))
    if (launch.ending.aborted) return urls
    const made = await progress.step('databases and roles', () =>
      provision({
        adminUrl,
        services: toMake,
        secret: keptSecret(data.file('roles-secret')),
        isOurServer: plan.adminUrl === undefined,
      }),
    )
    Object.assign(urls, made)
  }
  if (launch.ending.aborted) return urls
  await progress.step('migrations', () =>
    Promise.all(owners.map((service) => migrateOne(launch, service, urls[service] as string))),
  )
  return urls
}

const migrateOne = async (launch: Launch, service: ServiceName, url: string) => {
  try {
    await launch.migrate({ url, service })
  } catch (error) {
    const { message, cause } = error as Error
    const reason = cause instanceof Error ? cause.message : message
    throw new StartError(
      `the database of ${service} on ${new URL(url).host} cannot be migrated: ${reason}`,
    )
  }
}

// --- services -----------------------------------------------------------------

const startService = (launch: Launch, service: ServiceName, urls: DatabaseUrls) => {
  const { plan, environment, data, progress, paint, command } = launch
  const prefix = paint.hue(serviceNames.indexOf(service), service.padEnd(12))
  const say = (line: string) => progress.line(paint.yellow(line))
  const log = explaining(`the logs in ${data.logs} cannot be written`, () =>
    createServiceLog({
      service,
      folder: data.logs,
      level: plan.logLevel ?? 'warn',
      show: progress.line,
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

const showAddresses = ({ plan, progress, paint, data, postgres }: Launch, startMs: number) => {
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1)
  const name = plan.reachableHost === '127.0.0.1' ? 'localhost' : plan.reachableHost
  const addressOf = (service: ServiceName) => `http://${name}:${plan.ports[service]}`
  const row = (label: string, address: string, note: string) =>
    progress.line(`  ${label.padEnd(13)}${paint.bold(address.padEnd(31))}${paint.dim(note)}`)
  progress.line(`\n${paint.green(`Ready in ${seconds} s.`)} Ctrl-C stops everything.\n`)
  row('start here', addressOf('gateway'), registry.gateway.purpose)
  row('Swagger UI', `${addressOf('gateway')}/docs`, 'try every request')
  for (const service of serviceNames.filter((other) => other !== 'gateway')) {
    row(service, addressOf(service), registry[service].purpose)
  }
  row('metrics', `http://${name}:${plan.adminPort}/metrics`, 'of the gateway; each service has its own')
  const shortPath = (file: string) => {
    const relative = path.relative(process.cwd(), file)
    return relative.startsWith('..') ? file : relative
  }
  if (postgres) {
    const hint = `psql "$(cat '${shortPath(data.file('postgres.url'))}')"`
    row('Postgres', `127.0.0.1:${postgres.port}`, hint)
  }
  row('logs', shortPath(data.logs), 'warnings and errors also appear here')
  progress.line('')
}

// --- the end ------------------------------------------------------------------

/** A start that was interrupted notices it after its present step, which never takes longer. */
const stepMs = 1_500

const stopAll = async (launch: Launch, starting: Promise<void>) => {
  const stopServices = () =>
    Promise.all([...launch.services.values()].map((service) => service.stop(serviceGraceMs)))
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

type Signal = 'SIGINT' | 'SIGTERM' | 'SIGHUP'

/** Resolves with the first signal to end; a second one, a moment later, ends us at once. */
const onSignal = (hurry: () => void): Promise<Signal> =>
  new Promise((resolve) => {
    let firstMs: number | undefined
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        if (firstMs === undefined) {
          firstMs = performance.now()
          resolve(signal)
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
    command: options.command ?? [process.execPath, entry],
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
  process.stderr.write(`${isExpected ? error.message : ((error as Error).stack ?? error)}\n`)
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
