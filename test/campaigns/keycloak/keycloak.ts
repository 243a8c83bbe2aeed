import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../../src/local/postgres/free-port.ts'
import { inherited } from '../../lab/environment.ts'
import { janitor } from '../../lab/janitor.ts'
import { clients, type RealmUser } from './realm.ts'

/** A Keycloak that keeps all in memory and ends with this process, and what its administrator does. */
const startTimeoutMs = 300_000
const requestTimeoutMs = 30_000
const keptOutput = 20_000

type Fields = Readonly<Record<string, string>>

export interface Tokens {
  readonly accessToken: string
  readonly idToken: string
  readonly refreshToken: string
}

const { JAVA_HOME } = process.env
const javaHome: Fields = JAVA_HOME === undefined ? {} : { JAVA_HOME }

const run = (script: string, port: number, environment: Fields) => {
  const args = ['start-dev', '--db=dev-mem', '--http-host=127.0.0.1', `--http-port=${port}`]
  const child = spawn(script, [...args, '--log-level=warn'], {
    env: { ...inherited(), ...javaHome, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    // The script starts Java as a process of its own: both are ended as a group.
    detached: true,
  })
  const group = -(child.pid ?? 0)
  const forget = janitor().watch('KILL', group)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-keptOutput)
    })
  }
  let failure: Error | undefined
  child.once('error', (error) => {
    failure = error
  })
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => {
      forget()
      resolve()
    })
  })
  const isRunning = () => !failure && child.exitCode === null && child.signalCode === null
  const stop = async () => {
    if (!isRunning()) return
    process.kill(group, 'SIGKILL')
    await ended
  }
  return { stop, isRunning, output: () => failure?.message ?? output }
}

const readJson = async (response: Response, what: string) => {
  const text = await response.text()
  if (!response.ok) throw new Error(`Keycloak: ${what}: ${response.status} ${text}`)
  return text === '' ? undefined : (JSON.parse(text) as unknown)
}

export const startKeycloak = async (script: string) => {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const password = randomBytes(18).toString('base64url')
  const running = run(script, port, {
    KC_BOOTSTRAP_ADMIN_USERNAME: 'admin',
    KC_BOOTSTRAP_ADMIN_PASSWORD: password,
    // It runs for a minute, so compiling it well would cost more than it saves.
    JAVA_OPTS_APPEND: '-XX:TieredStopAtLevel=1',
  })

  const request = (path: string, init: RequestInit = {}) =>
    fetch(`${url}${path}`, { ...init, signal: AbortSignal.timeout(requestTimeoutMs) })

  const grant = async (realm: string, fields: Fields): Promise<Tokens> => {
    const body = new URLSearchParams({ grant_type: 'password', scope: 'openid', ...fields })
    const path = `/realms/${realm}/protocol/openid-connect/token`
    const answer = await readJson(await request(path, { method: 'POST', body }), 'sign in')
    const tokens = answer as Record<'access_token' | 'id_token' | 'refresh_token', string>
    return {
      accessToken: tokens.access_token,
      idToken: tokens.id_token,
      refreshToken: tokens.refresh_token,
    }
  }

  /** The administrator's own token lasts a minute, so each act has a new one. */
  const administer = async (method: string, path: string, body?: unknown) => {
    const { accessToken } = await grant('master', {
      client_id: 'admin-cli',
      username: 'admin',
      password,
    })
    const response = await request(`/admin/realms${path}`, {
      method,
      headers: { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return {
      location: response.headers.get('location'),
      body: await readJson(response, `${method} ${path}`),
    }
  }

  const untilReady = async () => {
    const untilMs = performance.now() + startTimeoutMs
    for (;;) {
      const response = await request('/realms/master').catch(() => undefined)
      if (response?.ok) return
      if (!running.isRunning()) throw new Error(`Keycloak ended:\n${running.output()}`)
      if (performance.now() > untilMs) throw new Error(`Keycloak is late:\n${running.output()}`)
      await sleep(250)
    }
  }

  try {
    await untilReady()
  } catch (error) {
    await running.stop()
    throw error
  }

  return {
    url,
    stop: running.stop,
    issuerOf: (realm: string) => `${url}/realms/${realm}`,
    /** The keys that it publishes now. */
    keysOf: async (realm: string) => {
      const path = `/realms/${realm}/protocol/openid-connect/certs`
      const { keys } = (await readJson(await request(path), 'keys')) as { readonly keys: unknown }
      return keys
    },
    makeRealm: (realm: object) => administer('POST', '', realm),
    signIn: (
      realm: string,
      { username, password: secret }: RealmUser,
      clientId: string = clients.orderly,
    ) => grant(realm, { client_id: clientId, username, password: secret }),
    /** Makes a key that signs from now on; the key before it still verifies. Returns its id. */
    rotateKey: async (realm: string, priority: number): Promise<string> => {
      const { location } = await administer('POST', `/${realm}/components`, {
        name: `key ${priority}`,
        providerId: 'rsa-generated',
        providerType: 'org.keycloak.keys.KeyProvider',
        config: { priority: [String(priority)], algorithm: ['RS256'], keySize: ['2048'] },
      })
      return location?.split('/').at(-1) ?? ''
    },
    removeKey: (realm: string, id: string) => administer('DELETE', `/${realm}/components/${id}`),
  }
}

export type Keycloak = Awaited<ReturnType<typeof startKeycloak>>
