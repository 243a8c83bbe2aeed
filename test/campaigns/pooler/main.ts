import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import postgres from 'postgres'
import { openDataFolder } from '../../../src/local/postgres/data-folder.ts'
import { startEmbeddedPostgres } from '../../../src/local/postgres/embedded.ts'
import { freePort } from '../../../src/local/postgres/free-port.ts'
import { provision, type DatabaseUrls } from '../../../src/local/postgres/provision.ts'
import { urlVariable } from '../../../src/platform/base/config.ts'
import { migrateDatabase } from '../../../src/platform/database/migrate.ts'
import { registry, serviceNames, servicesWithDatabase } from '../../../src/registry.ts'
import type { ServiceName } from '../../../src/registry.ts'
import { createHistory } from '../../judge/history.ts'
import { checkInvariants } from '../../judge/invariants.ts'
import { runLoad } from '../../lab/load.ts'
import { createServiceProcess, type ServiceProcess } from '../../lab/service-process.ts'
import { startPooler, versionOf, type Pooler } from './pgbouncer.ts'

/**
 * `npm run test:pooler` runs the whole system with PgBouncer in transaction mode
 * between the services and Postgres, and checks that nothing is lost. It is no
 * part of `npm test`, because PgBouncer comes from the system's packages:
 * `apt install pgbouncer`, or PGBOUNCER names the program.
 */
const program = process.env['PGBOUNCER'] ?? 'pgbouncer'
const connectionsPerDatabase = 2
const clients = 8
const stepsPerClient = 40

const say = (line: string) => process.stdout.write(`${line}\n`)

const startServices = async (urls: DatabaseUrls, pooler: Pooler, prepare: boolean) => {
  const ports = new Map<ServiceName, number>()
  for (const service of serviceNames) ports.set(service, await freePort())
  const addressOf = (service: ServiceName) => `http://127.0.0.1:${ports.get(service)}`
  const processes: ServiceProcess[] = []
  for (const service of serviceNames) {
    const url = urls[service]
    const environment = {
      LOG_LEVEL: 'warn',
      ...Object.fromEntries(
        registry[service].upstreams.map((name) => [urlVariable(name), addressOf(name)]),
      ),
      ...(url === undefined
        ? { ADMIN_PORT: '0' }
        : { DATABASE_URL: pooler.through(url), DATABASE_PREPARE: String(prepare) }),
    }
    const port = ports.get(service) as number
    processes.push(createServiceProcess({ service, replica: 0, port, environment }))
  }
  await Promise.all(processes.map((process) => process.start()))
  return { processes, urls: { gateway: addressOf('gateway') } }
}

interface Trial {
  readonly folder: string
  readonly adminUrl: string
  readonly prepare: boolean
}

const connectionsTo = async (adminUrl: string): Promise<Record<string, number>> => {
  const sql = postgres(adminUrl, { max: 1 })
  const rows = await sql<{ datname: string; count: number }[]>`
    select datname, count(*)::int from pg_stat_activity
    where datname = any(${[...servicesWithDatabase]}) group by datname`
  await sql.end()
  return Object.fromEntries(rows.map(({ datname, count }) => [datname, count]))
}

const tryOut = async ({ folder, adminUrl, prepare }: Trial) => {
  say(`DATABASE_PREPARE=${prepare}`)
  const { urls, ownerUrls } = await provision({
    adminUrl,
    services: servicesWithDatabase,
    secret: 'pooler',
    isOurServer: true,
  })
  // Not through the pooler: a migration holds a lock of its session.
  await Promise.all(
    servicesWithDatabase.map((service) =>
      migrateDatabase({ url: urls[service] as string, ownerUrl: ownerUrls[service], service }),
    ),
  )
  const pooler = await startPooler({
    program,
    folder,
    port: await freePort(),
    databases: Object.values(urls),
    connectionsPerDatabase,
    maxPreparedStatements: prepare ? 100 : 0,
  })
  let processes: readonly ServiceProcess[] = []
  try {
    const system = await startServices(urls, pooler, prepare)
    processes = system.processes
    const history = createHistory()
    const seed = prepare ? 2 : 1
    await runLoad({ system, history, clients, steps: stepsPerClient, seed })
    await checkInvariants(system, history)
    const unknown = history.exchanges.filter(({ answer }) => answer.kind === 'unknown')
    if (unknown.length > 0) throw new Error(`${unknown.length} requests had no answer at first`)
    const connections = await connectionsTo(adminUrl)
    const most = Math.max(...Object.values(connections))
    if (most > connectionsPerDatabase) throw new Error(`${most} connections to one database`)
    const shown = Object.entries(connections).map(([name, count]) => `${name} ${count}`)
    say(`  ${history.exchanges.length} requests answered, the invariants hold`)
    say(`  connections to Postgres: ${shown.join(', ')}`)
  } catch (error) {
    for (const process of processes) say(process.logs().slice(-2_000))
    throw error
  } finally {
    await Promise.all(processes.map((process) => process.kill()))
    await pooler.stop()
  }
}

const main = async () => {
  const version = versionOf(program)
  if (!version) {
    process.stderr.write(
      `${program} is not here, so nothing was tested: install it (apt install pgbouncer) or set PGBOUNCER to its path\n`,
    )
    process.exitCode = 1
    return
  }
  say(
    `PgBouncer ${version.text}, transaction mode, ${connectionsPerDatabase} connections a database`,
  )
  const folder = await mkdtemp(path.join(tmpdir(), 'orderly-pooler-'))
  const server = await startEmbeddedPostgres({ data: openDataFolder(path.join(folder, 'data')) })
  try {
    await tryOut({ folder, adminUrl: server.url, prepare: false })
    if (version.keepsPrepared) await tryOut({ folder, adminUrl: server.url, prepare: true })
    else say('DATABASE_PREPARE=true was not tried: it needs PgBouncer 1.21')
  } finally {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

await main()
