import { ConfigError, currentEnvironment, readVariables } from './platform/base/config.ts'
import {
  auditVariables,
  databaseVariable,
  migrationVariables,
  newPasswordVariables,
  rotationVariables,
} from './platform/base/variables.ts'
import { exitCodeOf, runService, startUpComplaint } from './platform/run-service.ts'
import { isServiceName, serviceNames, servicesWithDatabase, type ServiceName } from './registry.ts'
import { serviceLoaders } from './service-loaders.ts'

const usage = `usage: main.ts                         everything, with its own Postgres
       main.ts --lab                   the same, with a page on which to break things and watch them heal
       main.ts <service>               one service: ${serviceNames.join(', ')}
       main.ts migrate <service>       one service's migrations: ${servicesWithDatabase.join(', ')}
       main.ts operator <username>     lets this person see and mend everything
       main.ts teller <username>       lets this person put money on accounts (DEPOSITS_BY=teller)
       main.ts <role> <username> end   takes the role away
       main.ts login <user id> <username> <email> [locale]
                                       a login for a user who has none; prints its password
       main.ts password <username>     another password, and the end of all sessions; prints it
       main.ts keys                    the keys by which people's tokens are signed
       main.ts rotate-keys             a new one, while everything runs
       main.ts remove-key <key>        ends one that somebody else may have, and its tokens with it
       main.ts audit [--since …] [--json] [--no-record]
                                       compares the books of all services, and changes nothing
       main.ts make-keys               the two halves of a new key for a service
       main.ts make-secrets            in a cluster: the Secrets of its namespace that are missing
       main.ts warm-up                 loads all code once, so that NODE_COMPILE_CACHE keeps it`

const startAll = async (hasLab: boolean) => {
  const launcher = await import('./local/launcher/start-all.ts')
  return launcher.startAll(currentEnvironment(), { hasLab })
}

const migrateOne = async (name: string | undefined) => {
  const service = servicesWithDatabase.find((candidate) => candidate === name)
  if (service === undefined) throw new ConfigError(usage)
  const variables = readVariables(migrationVariables)
  const { migrateDatabase } = await import('./platform/database/migrate.ts')
  await migrateDatabase({
    url: variables.DATABASE_URL,
    ownerUrl: variables.OWNER_DATABASE_URL,
    service,
    statementTimeoutMs: variables.STATEMENT_TIMEOUT_MS,
  })
}

/** Identity's database: the one of DATABASE_URL, or that of the launcher which runs here. */
const findIdentity = async () => {
  const environment = currentEnvironment()
  if (environment['ISSUER_URL']) return { otherIssuer: environment['ISSUER_URL'] }
  if (environment['DATABASE_URL']) {
    return { database: readVariables(migrationVariables).DATABASE_URL }
  }
  const { runningIdentity } = await import('./local/launcher/running.ts')
  return runningIdentity(environment)
}

const identityDatabase = async () => {
  const found = await findIdentity()
  if ('database' in found) return found.database
  throw new ConfigError(
    `people, their roles and the keys of their tokens are with ${found.otherIssuer}: change them there`,
  )
}

/** Drizzle's errors quote the statement. Their cause says what is wrong. */
const rootOf = (error: unknown): unknown =>
  error instanceof Error && error.cause !== undefined ? rootOf(error.cause) : error

/**
 * Commands that work in identity's database. What a command returns is printed. If it
 * returns nothing, the complaint says what is missing.
 */
const commandsOf =
  <Commands>(load: () => Promise<Commands>) =>
  async (
    work: (commands: Commands, database: string) => Promise<string | undefined>,
    missing = 'nothing was done',
  ) => {
    const database = await identityDatabase()
    const text = await work(await load(), database).catch((error: unknown) => {
      if (error instanceof ConfigError) throw error
      const { host, pathname } = new URL(database)
      throw new Error(`the database ${pathname.slice(1)} at ${host} cannot be used`, {
        cause: rootOf(error),
      })
    })
    if (text === undefined) throw new ConfigError(missing)
    console.log(text)
  }

const inIdentity = commandsOf(() => import('./services/identity/commands.ts'))
const withLogins = commandsOf(() => import('./services/identity/login-commands.ts'))

const changeRole = (role: 'operator' | 'teller', [username, word]: readonly string[]) => {
  if (!username || (word !== undefined && word !== 'end')) throw new ConfigError(usage)
  const change = { username, role, isGranted: word === undefined }
  return inIdentity(
    (commands, database) => commands.changeRole(database, change),
    `there is no login with the name ${username}: it is made by a sign-up (POST /users)`,
  )
}

const makeLogin = ([userId, username, email, locale = 'en']: readonly string[]) => {
  if (!userId || !username || !email) throw new ConfigError(usage)
  const { PASSWORD_MEMORY_KIB: memoryKib } = readVariables(newPasswordVariables)
  return withLogins((commands, database) =>
    commands.makeLogin(database, { userId, username, email, locale }, memoryKib),
  )
}

const changePassword = ([username]: readonly string[]) => {
  if (!username) throw new ConfigError(usage)
  const { PASSWORD_MEMORY_KIB: memoryKib } = readVariables(newPasswordVariables)
  return withLogins(
    (commands, database) => commands.changePassword(database, { username, memoryKib }),
    `there is no login with the name ${username}: a user of before there were logins gets one by \`login\``,
  )
}

const rotateKeys = () => {
  const { KEY_LEAD_MS: leadMs, KEY_POLL_MS: pollMs } = readVariables(rotationVariables)
  return inIdentity(async (commands, database) => {
    const made = await commands.rotateKeys(database, { leadMs, pollMs })
    if (made === undefined) return undefined
    return `${made}. Those before it stay published until the last token that they signed is over, so nobody has to sign in again.\n\n${await commands.listKeys(database)}`
  }, 'somebody else made a key at the same moment')
}

const listKeys = () =>
  inIdentity(
    async (commands, database) => (await commands.listKeys(database)) || undefined,
    'there is no key yet: identity makes the first one when it starts',
  )

const removeKey = (kid: string | undefined) => {
  if (kid === undefined) throw new ConfigError(usage)
  return inIdentity(
    (commands, database) => commands.removeKey(database, kid),
    `there is no key ${kid}`,
  )
}

const makeKeys = async () => {
  const { makeServiceKeys } = await import('./platform/base/service-keys.ts')
  const { privateKey, publicKey } = makeServiceKeys()
  console.log(`SERVICE_KEY=${privateKey}\nPUBLIC_KEY=${publicKey}`)
}

const makeSecrets = async () => {
  const { findApiServer } = await import('./cluster/api-server.ts')
  const { makeMissingSecrets } = await import('./cluster/make-secrets.ts')
  await makeMissingSecrets({ server: findApiServer(), say: (line) => console.log(line) })
}

const runOne = async (name: string) => {
  if (!isServiceName(name)) throw new ConfigError(usage)
  return runService(name, await serviceLoaders[name]())
}

/** Each database by its variable, or those of the launcher which runs here. */
const findBooks = async () => {
  const variables: Readonly<Record<string, unknown>> = readVariables(auditVariables)
  const given = servicesWithDatabase.flatMap((service) => {
    const url = variables[databaseVariable(service)]
    return typeof url === 'string' ? [[service, url] as const] : []
  })
  if (given.length > 0) return Object.fromEntries(given)
  const { runningDatabases } = await import('./local/launcher/running.ts')
  return runningDatabases(currentEnvironment())
}

/** Compares the books, and exits with 1 when they do not agree. */
const auditBooks = async (words: readonly string[]) => {
  const { readAuditWords, runAudit } = await import('./audit/command.ts')
  const { recordVerdict } = await import('./services/billing/books.ts')
  const asked = readAuditWords(words)
  const urls: Readonly<Partial<Record<ServiceName, string>>> = await findBooks()
  const isFine = await runAudit({
    ...asked,
    urls,
    leaseMs: readVariables(auditVariables).LEASE_MS,
    record: (verdict) => recordVerdict(urls.billing ?? '', verdict),
    out: process.stdout,
    screen: process.stderr,
  })
  if (!isFine) process.exitCode = 1
}

/** Node writes what it compiled when this process ends. */
const warmUp = async () => {
  for (const load of Object.values(serviceLoaders)) await load()
  await import('./platform/database/migrate.ts')
  await import('./cluster/make-secrets.ts')
}

/** How many words may follow a command; with more of them it is another one than was meant. */
const mostWords: Readonly<Record<string, number>> = {
  migrate: 1,
  operator: 2,
  teller: 2,
  login: 4,
  password: 1,
  'remove-key': 1,
  audit: 4,
}

const main = async ([command, ...args]: readonly string[]) => {
  if (command === undefined) return startAll(false)
  if (args.length > (mostWords[command] ?? 0)) throw new ConfigError(usage)
  if (command === '--lab') return startAll(true)
  if (command === 'migrate') return migrateOne(args[0])
  if (command === 'operator' || command === 'teller') return changeRole(command, args)
  if (command === 'login') return makeLogin(args)
  if (command === 'password') return changePassword(args)
  if (command === 'keys') return listKeys()
  if (command === 'rotate-keys') return rotateKeys()
  if (command === 'remove-key') return removeKey(args[0])
  if (command === 'audit') return auditBooks(args)
  if (command === 'make-keys') return makeKeys()
  if (command === 'make-secrets') return makeSecrets()
  if (command === 'warm-up') return warmUp()
  return runOne(command)
}

const complain = (error: unknown) => {
  // The usage is the only text of several lines.
  if (error instanceof ConfigError && error.message === usage) return console.error(usage)
  console.error(`orderly ${process.argv[2] ?? 'start'}: ${startUpComplaint(error)}`)
}

/** Does what the words after `main.ts` say. */
export const run = (words: readonly string[]): void => {
  main(words).catch((error: unknown) => {
    complain(error)
    process.exit(exitCodeOf(error))
  })
}
