import { execFile } from 'node:child_process'
import { access, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { projectFolder } from '../../src/local/postgres/data-folder.ts'
import { freePort } from '../../src/local/postgres/free-port.ts'
import { portVariable } from '../../src/local/launcher/launch-plan.ts'
import { serviceNames } from '../../src/registry.ts'
import { untilReady } from '../../test/lab/environment.ts'
import { launch, pidOf, serverPid } from '../../test/lab/launcher.ts'
import { postgresCpuMicros, processCpuMicros } from '../../test/lab/usage.ts'
import { endChild } from './ipc.ts'
import type { Stop } from './stops.ts'

/**
 * The whole system as some commit starts it: its own launcher, its own Postgres
 * with the settings that it had then. Everything goes through the public door,
 * because that is what all commits have in common.
 */
export interface RunningCheckout {
  readonly name: string
  readonly baseUrl: string
  readonly userIds: readonly string[]
  /** What each user shows; undefined for a commit from before there were tokens. */
  readonly authorizations: () => Promise<Readonly<Record<string, string>> | undefined>
  /** What each of its processes used until now; nothing where the system does not tell. */
  readonly cpuMicros: () => Readonly<Record<string, number>>
}

const run = promisify(execFile)

/** Ends with the bench when that is interrupted meanwhile. */
const runIn = async (folder: string, stops: Stop[], command: string, ...args: string[]) => {
  const running = run(command, args, { cwd: folder })
  stops.push(() => endChild(running.child))
  await running
}

/** It goes away with the bench, also when that is interrupted while the folder is being filled. */
const temporaryFolder = async (stops: Stop[]) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'orderly-against-'))
  stops.push(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
  return folder
}

/** The full name of a commit; undefined when there is none of that name here. */
export const findCommit = async (commit: string): Promise<string | undefined> => {
  const ask = ['rev-parse', '--verify', '--quiet', `${commit}^{commit}`]
  return run('git', ask, { cwd: projectFolder }).then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  )
}

/** A copy of a commit with what it depends on, in a folder of its own. */
export const checkOut = async (commit: string, stops: Stop[]): Promise<string> => {
  const folder = await temporaryFolder(stops)
  await runIn(folder, stops, 'git', 'clone', '--quiet', '--no-checkout', projectFolder, '.')
  await runIn(folder, stops, 'git', 'checkout', '--quiet', commit)
  // Where the installer is differs from commit to commit; each knows its own by this name.
  await runIn(folder, stops, 'npm', 'run', '--silent', 'prestart')
  return folder
}

const portNames = [...serviceNames.map(portVariable), 'ADMIN_PORT']

const freePorts = async () =>
  Object.fromEntries(
    await Promise.all(portNames.map(async (name) => [name, `${await freePort()}`] as const)),
  )

const readyTimeoutMs = 60_000

const cpuReader = async (launcherPid: number, dataFolder: string) => {
  // An older commit may have fewer services.
  const services = await Promise.all(
    serviceNames.map(async (name) => ({
      name,
      pid: await pidOf(launcherPid, name).catch(() => undefined),
    })),
  )
  const postmaster = (await serverPid(dataFolder)) ?? 0
  return () => ({
    ...Object.fromEntries(
      services.flatMap(({ name, pid }) =>
        pid === undefined ? [] : [[name, processCpuMicros(pid) ?? 0] as const],
      ),
    ),
    Postgres: postgresCpuMicros(postmaster) ?? 0,
  })
}

/** More than any run can spend. */
const startingBalance = 100_000_000_000
const userCount = 200

interface Answer {
  readonly id: string
  readonly accessToken: string
}

const post = async (url: string, body: unknown, authorization?: string): Promise<Answer> => {
  const answer = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'idempotency-key': crypto.randomUUID(),
      ...(authorization === undefined ? {} : { authorization }),
    },
    body: JSON.stringify(body),
  })
  const text = await answer.text()
  if (!answer.ok || answer.status === 202) throw new Error(`POST ${url}: ${answer.status} ${text}`)
  return JSON.parse(text) as Answer
}

/** More at once would have to wait for each other: a password is expensive on purpose. */
const signUpsAtOnce = 4

const mapSome = async <Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> => {
  const results: Result[] = []
  let next = 0
  const worker = async () => {
    while (next < items.length) {
      const index = next
      next += 1
      results[index] = await work(items[index] as Item)
    }
  }
  await Promise.all(Array.from({ length: signUpsAtOnce }, worker))
  return results
}

interface Person {
  readonly id: string
  readonly username: string
}

const password = 'a password of the bench'

/** Whether people of this commit sign in. Its contract tells. */
const hasSessions = (folder: string): Promise<boolean> =>
  access(path.join(folder, 'openapi', 'identity.yaml')).then(
    () => true,
    () => false,
  )

/** Less than a token lives. */
const signInAgainMs = 240_000

/** Lets everybody sign in again when their tokens are old. That takes time, between two turns. */
const createAuthorizations = (baseUrl: string, people: readonly Person[]) => {
  let known: Readonly<Record<string, string>> = {}
  let madeAtMs = -Infinity
  return async () => {
    if (performance.now() - madeAtMs < signInAgainMs) return known
    const signIn = async ({ id, username }: Person) => {
      const { accessToken } = await post(`${baseUrl}/sessions`, { username, password })
      return [id, `Bearer ${accessToken}`] as const
    }
    known = Object.fromEntries(await mapSome(people, signIn))
    madeAtMs = performance.now()
    return known
  }
}

const openAccounts = async (baseUrl: string, folder: string) => {
  const signsIn = await hasSessions(folder)
  const indices = Array.from({ length: userCount }, (_, index) => index)
  const people = await mapSome(indices, async (index): Promise<Person> => {
    const username = `bench-${index}`
    const email = `${username}-${process.pid}@example.com`
    const wanted = { username, email, ...(signsIn ? { password } : {}) }
    const { id } = await post(`${baseUrl}/users`, wanted)
    return { id, username }
  })
  const authorizations = signsIn
    ? createAuthorizations(baseUrl, people)
    : () => Promise.resolve(undefined)
  const shown = await authorizations()
  await mapSome(people, ({ id }) => {
    const amount = { amount: startingBalance }
    return post(`${baseUrl}/billing/accounts/${id}/deposit`, amount, shown?.[id])
  })
  return { userIds: people.map(({ id }) => id), authorizations }
}

/** The launcher stops the services and Postgres. */
const stopTimeoutMs = 20_000

export const startCheckout = async (
  name: string,
  folder: string,
  stops: Stop[],
): Promise<RunningCheckout> => {
  const dataFolder = await temporaryFolder(stops)
  const ports = await freePorts()
  const baseUrl = `http://127.0.0.1:${ports['PORT']}`
  const launcher = launch({ ...ports, DATA_DIR: dataFolder }, folder)
  stops.push(() => endChild(launcher.child, stopTimeoutMs))
  const isRunning = () => launcher.isRunning()
  const logs = () => launcher.screen()
  await untilReady({ name, url: baseUrl, isRunning, logs }, readyTimeoutMs)
  return {
    name,
    baseUrl,
    ...(await openAccounts(baseUrl, folder)),
    cpuMicros: await cpuReader(launcher.pid, dataFolder),
  }
}
