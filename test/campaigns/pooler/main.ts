import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { freePort } from '../../../src/local/postgres/free-port.ts'
import { servicesWithDatabase } from '../../../src/registry.ts'
import { createHistory } from '../../judge/history.ts'
import { checkInvariants } from '../../judge/invariants.ts'
import { runLoad } from '../../lab/load.ts'
import { makeDatabases, openPostgres, type OwnPostgres } from '../../lab/own-postgres.ts'
import { startSystem, type System } from '../../lab/system.ts'
import { startPooler, versionOf } from './pgbouncer.ts'

/**
 * `npm run test:pooler` runs the whole system with PgBouncer in transaction mode between the
 * services and Postgres, and checks that nothing is lost. `npm test` leaves it out, because
 * PgBouncer is a package of the system: `apt install pgbouncer`, or PGBOUNCER names the program.
 */
const program = process.env['PGBOUNCER'] ?? 'pgbouncer'
const connectionsPerDatabase = 2
const clients = 8
const stepsPerClient = 40

const say = (line: string) => process.stdout.write(`${line}\n`)

const connectionsTo = async ({ sql }: OwnPostgres): Promise<Record<string, number>> => {
  const admin = sql('postgres')
  const rows = await admin<{ datname: string; count: number }[]>`
    select datname, count(*)::int from pg_stat_activity
    where datname in ${admin(servicesWithDatabase)} and usename <> current_user group by datname`
  return Object.fromEntries(rows.map(({ datname, count }) => [datname, count]))
}

const check = async (system: System, postgres: OwnPostgres, seed: number) => {
  const history = createHistory()
  await runLoad({ system, history, clients, steps: stepsPerClient, seed })
  await checkInvariants(system, history)
  const unknown = history.exchanges.filter(({ answer }) => answer.kind === 'unknown')
  if (unknown.length > 0) throw new Error(`${unknown.length} requests had no answer at first`)
  const connections = await connectionsTo(postgres)
  const most = Math.max(...Object.values(connections))
  if (most > connectionsPerDatabase) throw new Error(`${most} connections to one database`)
  const shown = Object.entries(connections).map(([name, count]) => `${name} ${count}`)
  say(`  ${history.exchanges.length} requests answered, the invariants hold`)
  say(`  connections to Postgres: ${shown.join(', ')}`)
}

const tryOut = async (postgres: OwnPostgres, folder: string, prepare: boolean) => {
  say(`DATABASE_PREPARE=${prepare}`)
  // Not through the pooler: a migration holds a lock of its session.
  const { urls } = await makeDatabases(postgres)
  const pooler = await startPooler({
    program,
    folder,
    port: await freePort(),
    databases: Object.values(urls),
    connectionsPerDatabase,
    maxPreparedStatements: prepare ? 100 : 0,
  })
  let system: System | undefined
  try {
    const databases = Object.fromEntries(
      Object.entries(urls).map(([name, url]) => [name, pooler.through(url)]),
    )
    const env = { LOG_LEVEL: 'warn', DATABASE_PREPARE: String(prepare) }
    system = await startSystem({ databases, env })
    await check(system, postgres, prepare ? 2 : 1)
  } catch (error) {
    for (const process of system?.processes ?? []) say(process.logs().slice(-2_000))
    throw error
  } finally {
    await system?.close()
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
  const postgres = await openPostgres()
  try {
    await tryOut(postgres, folder, false)
    if (version.keepsPrepared) await tryOut(postgres, folder, true)
    else say('DATABASE_PREPARE=true was not tried: it needs PgBouncer 1.21')
  } finally {
    await postgres.close()
    await rm(folder, { recursive: true, force: true })
  }
}

await main()
