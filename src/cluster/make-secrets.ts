import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { ConfigError } from '../platform/base/config.ts'
import { askApiServer, type ApiAnswer, type ApiServer } from './api-server.ts'
import { makeSecrets, secretManifest, type Secret } from './secrets.ts'

/**
 * Makes the Secrets that are not there yet, and leaves alone those that are: each is created or
 * refused by the API server in one step, so running this twice, or in two places at once, changes
 * nothing. When an answer is lost, the question is repeated, and finds what it made itself.
 */
export interface MakeSecretsOptions {
  readonly server: ApiServer
  readonly say: (line: string) => void
  /** How long one attempt may take. */
  readonly timeoutMs?: number
  readonly pauseMs?: number
  /** How long to go on asking: the policy that lets this pod out may come later than the pod. */
  readonly patienceMs?: number
}

const secretSchema = z.object({ data: z.record(z.string(), z.string()).optional() })
const refusalSchema = z.object({ message: z.string() })

const said = ({ status, body }: ApiAnswer) => {
  const { data } = refusalSchema.safeParse(body)
  return data ? `${status}: ${data.message}` : String(status)
}

const reasonOf = (error: unknown) => {
  const { message, code } = error as NodeJS.ErrnoException
  return message || code || String(error)
}

/** Asks again while the API server is away or busy. Any other answer is an answer. */
const createAsk = (options: MakeSecretsOptions) => {
  const { server, say, timeoutMs = 10_000, pauseMs = 1_000, patienceMs = 120_000 } = options
  const endMs = performance.now() + patienceMs

  const pause = async (trouble: string) => {
    const line = `the API server at ${server.host}:${server.port} is of no help: ${trouble}`
    if (performance.now() + pauseMs > endMs) throw new Error(line)
    say(`${line}; asking again`)
    await sleep(pauseMs)
  }

  const ask = async (
    method: 'GET' | 'POST',
    resource: string,
    body?: object,
  ): Promise<ApiAnswer> => {
    for (;;) {
      let trouble: string
      try {
        const answer = await askApiServer(server, method, resource, { body, timeoutMs })
        if (answer.status < 500 && answer.status !== 429) return answer
        trouble = said(answer)
      } catch (error) {
        trouble = reasonOf(error)
      }
      await pause(trouble)
    }
  }
  return { ask, pause }
}

/** A wrong set-up: asking again would not help. */
const refused = (what: string, answer: ApiAnswer) =>
  new ConfigError(
    `the API server refused to ${what} (${said(answer)}); what this job may do is in k8s/11-secrets.yaml`,
  )

type Asking = ReturnType<typeof createAsk>

/** The keys that are missing from a Secret that was there; undefined when it was made here. */
const make = async ({ ask, pause }: Asking, namespace: string, secret: Secret) => {
  const { name, values } = secret
  const collection = `/api/v1/namespaces/${namespace}/secrets`
  for (;;) {
    const created = await ask('POST', collection, secretManifest(secret, namespace))
    if (created.status === 201) return undefined
    if (created.status !== 409) throw refused(`make the Secret ${name}`, created)
    const found = await ask('GET', `${collection}/${name}`)
    if (found.status === 200) {
      const { data = {} } = secretSchema.parse(found.body)
      return Object.keys(values).filter((key) => !Object.hasOwn(data, key))
    }
    if (found.status !== 404) throw refused(`show the Secret ${name}`, found)
    await pause(`the Secret ${name} was there and is gone`)
  }
}

export const makeMissingSecrets = async (options: MakeSecretsOptions): Promise<void> => {
  const { server, say } = options
  const asking = createAsk(options)
  const incomplete: string[] = []
  for (const secret of makeSecrets()) {
    const missing = await make(asking, server.namespace, secret)
    if (missing === undefined) say(`Secret ${secret.name}: made`)
    else if (missing.length === 0) say(`Secret ${secret.name}: there already, left as it is`)
    else incomplete.push(`the Secret ${secret.name} has no ${missing.join(', ')}`)
  }
  if (incomplete.length === 0) return
  throw new ConfigError(
    `${incomplete.join('; ')}: nothing is added to a Secret that is there, see docs/kubernetes.md`,
  )
}
