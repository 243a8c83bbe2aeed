import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { projectFolder } from '../../src/local/postgres/data-folder.ts'
import { freePort } from '../../src/local/postgres/free-port.ts'
import { portVariable } from '../../src/local/launcher/launch-plan.ts'
import { serviceNames } from '../../src/registry.ts'
import { endChild } from './ipc.ts'
import { childrenOf, postgresCpuMicros, processCpuMicros } from './machine.ts'
import type { Stop } from './stops.ts'
import { isReady } from './system.ts'

/**
 * The whole system as some commit starts it: its own launcher, its own Postgres
 * with the settings that it had then. Everything goes through the public door,
 * because that is what all commits have in common.
 */
export interface RunningCheckout {
  readonly name: string
  readonly baseUrl: string
  readonly userIds: readonly string[]
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
  await runIn(folder, stops, process.execPath, 'src/local/ensure-installed.cjs')
  return folder
}

const portNames = [...serviceNames.map(portVariable), 'ADMIN_PORT']

const freePorts = async () =>
  Object.fromEntries(
    await Promise.all(portNames.map(async (name) => [name, `${await freePort()}`] as const)),
  )

const readyTimeoutMs = 60_000

const waitUntilReady = async (baseUrl: string, launcher: ChildProcess, said: () => string) => {
  const giveUpAtMs = performance.now() + readyTimeoutMs
  for (;;) {
    if (await isReady(baseUrl)) return
    if (launcher.exitCode !== null || performance.now() > giveUpAtMs) {
      throw new Error(`it did not start: ${said().trim().split('\n').slice(-5).join('\n')}`)
    }
    await sleep(50)
  }
}

const commandOf = (pid: number) =>
  readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').trim()

const cpuReader = (launcherPid: number, dataFolder: string) => {
  const children = childrenOf(launcherPid).map((pid) => ({ pid, command: commandOf(pid) }))
  const services = serviceNames.flatMap((name) => {
    const found = children.find(({ command }) => command.endsWith(` ${name}`))
    return found ? [{ name, pid: found.pid }] : []
  })
  const pidFile = path.join(dataFolder, 'postgres', 'postmaster.pid')
  const postmaster = Number(readFileSync(pidFile, 'utf8').split('\n')[0])
  return () => ({
    ...Object.fromEntries(services.map(({ name, pid }) => [name, processCpuMicros(pid) ?? 0])),
    Postgres: postgresCpuMicros(postmaster) ?? 0,
  })
}

/** More than any run can spend. */
const startingBalance = 100_000_000_000
const userCount = 200

const post = async (url: string, body: unknown): Promise<{ id: string }> => {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() },
    body: JSON.stringify(body),
  })
  const text = await answer.text()
  if (!answer.ok || answer.status === 202) throw new Error(`POST ${url}: ${answer.status} ${text}`)
  return JSON.parse(text) as { id: string }
}

const openAccounts = async (baseUrl: string): Promise<string[]> => {
  const openOne = async (_: unknown, index: number) => {
    const email = `bench-${index}-${process.pid}@example.com`
    const { id } = await post(`${baseUrl}/users`, { username: `bench-${index}`, email })
    await post(`${baseUrl}/billing/accounts/${id}/deposit`, { amount: startingBalance })
    return id
  }
  return Promise.all(Array.from({ length: userCount }, openOne))
}

/** The launcher stops five services and Postgres. */
const stopTimeoutMs = 20_000

export const startCheckout = async (
  name: string,
  folder: string,
  stops: Stop[],
): Promise<RunningCheckout> => {
  const dataFolder = await temporaryFolder(stops)
  const ports = await freePorts()
  const baseUrl = `http://127.0.0.1:${ports['PORT']}`
  const { PATH = '', HOME = '' } = process.env
  const launcher = spawn(process.execPath, [path.join(folder, 'src', 'main.ts')], {
    cwd: folder,
    env: { PATH, HOME, ...ports, DATA_DIR: dataFolder },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  stops.push(() => endChild(launcher, stopTimeoutMs))
  let said = ''
  const listen = (chunk: Buffer) => {
    said = (said + chunk.toString('utf8')).slice(-4_000)
  }
  launcher.stdout?.on('data', listen)
  launcher.stderr?.on('data', listen)
  await waitUntilReady(baseUrl, launcher, () => said)
  return {
    name,
    baseUrl,
    userIds: await openAccounts(baseUrl),
    cpuMicros: cpuReader(launcher.pid ?? 0, dataFolder),
  }
}
