import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Environment } from '../../platform/base/config.ts'
import { registry, type ServiceName } from '../../registry.ts'
import { keptSecret, type DataFolder } from '../postgres/data-folder.ts'
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../postgres/embedded.ts'
import type { LaunchPlan } from './launch-plan.ts'
import type { Paint, Progress } from './progress.ts'
import { provision, type DatabaseUrls } from '../postgres/provision.ts'
import type { ServiceKeys } from './service-keys.ts'
import { StartError } from '../postgres/start-error.ts'
import type { SupervisedService } from './supervisor.ts'
import type { Lab, ProcessName, Ways } from './with-lab.ts'

/** Brings one database to its newest schema. */
export type Migrate = (target: {
  url: string
  ownerUrl: string | undefined
  service: ServiceName
}) => Promise<void>

/** What the parts of a launch share. */
export interface Launch {
  readonly plan: LaunchPlan
  readonly environment: Environment
  readonly keys: ServiceKeys
  readonly data: DataFolder
  readonly progress: Progress
  readonly paint: Paint
  readonly command: readonly [string, ...string[]]
  readonly migrate: Migrate
  /** Aborted when everything must end. */
  readonly ending: AbortSignal
  postgres: EmbeddedPostgres | undefined
  /** While there is one, Postgres is not started again before it resolves. */
  postgresMayStart?: Promise<void> | undefined
  /** Resolves when nobody starts Postgres again any more. */
  postgresIsLeft?: Promise<void> | undefined
  readonly services: Map<ProcessName, RunningService>
  lab?: Lab | undefined
  ways?: Ways | undefined
}

export interface RunningService extends SupervisedService {
  readonly service: ServiceName
}

const keepPostgresRunning = async (launch: Launch) => {
  const { data, progress, paint, ending } = launch
  const ended = once(ending, 'abort')
  for (let pauseMs = 200; ; pauseMs = Math.min(pauseMs * 2, 10_000)) {
    await launch.postgres?.ended
    if (ending.aborted) return
    launch.postgres = undefined
    const why = launch.postgresMayStart ? 'was stopped' : 'ended by itself; starting it again'
    progress.line(paint.yellow(`Postgres ${why}`))
    await Promise.race([launch.postgresMayStart, ended])
    if (ending.aborted) return
    try {
      launch.postgres = await startEmbeddedPostgres({ data })
      // It may have been stopped again while it started.
      if (launch.postgresMayStart) await launch.postgres.crash()
      progress.line(`Postgres is back on port ${launch.postgres.port}`)
      pauseMs = 100
    } catch (error) {
      progress.line(paint.red((error as Error).message))
      launch.postgres = undefined
    }
    if (!ending.aborted) await sleep(pauseMs, undefined, { signal: ending }).catch(() => {})
    if (ending.aborted) return launch.postgres?.stop()
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
  // When Ctrl-C comes while it starts, stopAll waits for this step and then stops the server.
  launch.postgresIsLeft = keepPostgresRunning(launch)
  return launch.postgres.url
}

/** Gives each service that needs one a migrated database: a given one, or one that it makes. */
export const readyDatabases = async (launch: Launch): Promise<DatabaseUrls> => {
  const { plan, progress, data } = launch
  const owners = plan.services.filter((name) => registry[name].hasDatabase)
  const toMake = owners.filter((name) => plan.givenDatabases[name] === undefined)
  const urls: DatabaseUrls = { ...plan.givenDatabases }
  // A given database has only one role, which then does both.
  let ownerUrls: DatabaseUrls = {}
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
    Object.assign(urls, made.urls)
    ownerUrls = made.ownerUrls
  }
  if (launch.ending.aborted) return urls
  await progress.step('migrations', () =>
    Promise.all(
      owners.map((service) =>
        migrateOne(launch, service, { url: urls[service] as string, ownerUrl: ownerUrls[service] }),
      ),
    ),
  )
  return urls
}

const migrateOne = async (
  launch: Launch,
  service: ServiceName,
  { url, ownerUrl }: { readonly url: string; readonly ownerUrl: string | undefined },
) => {
  try {
    await launch.migrate({ url, ownerUrl, service })
  } catch (error) {
    const { message, cause } = error as Error
    const reason = cause instanceof Error ? cause.message : message
    throw new StartError(
      `the database of ${service} on ${new URL(url).host} cannot be migrated: ${reason}`,
    )
  }
}
