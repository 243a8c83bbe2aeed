import { readFileSync } from 'node:fs'
import { request, type RequestOptions } from 'node:https'
import path from 'node:path'
import { z } from 'zod'
import { ConfigError, readVariables, type Environment } from '../platform/base/config.ts'

/**
 * The API server as seen from a pod: its address is in the environment, the token and the authority
 * that its certificate is believed by are files that Kubernetes puts into the pod.
 */
export interface ApiServer {
  readonly host: string
  readonly port: number
  readonly ca: string
  readonly token: string
  readonly namespace: string
}

export interface ApiAnswer {
  readonly status: number
  readonly body: unknown
}

const variables = z.object({
  KUBERNETES_SERVICE_HOST: z.string().min(1),
  KUBERNETES_SERVICE_PORT: z.coerce.number().int().min(1).max(65_535),
})

const accountFolder = '/var/run/secrets/kubernetes.io/serviceaccount'

export const findApiServer = (
  folder: string = accountFolder,
  environment?: Environment,
): ApiServer => {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = readVariables(
    variables,
    environment,
  )
  const read = (file: string) => readFileSync(path.join(folder, file), 'utf8').trim()
  try {
    return { host, port, ca: read('ca.crt'), token: read('token'), namespace: read('namespace') }
  } catch (error) {
    throw new ConfigError(`the pod has no service account in ${folder}`, { cause: error })
  }
}

const maxAnswerBytes = 1_048_576

const send = (options: RequestOptions, body: string | undefined) =>
  new Promise<{ readonly status: number; readonly text: string }>((resolve, reject) => {
    const sent = request(options, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
        if (text.length > maxAnswerBytes) sent.destroy(new Error('the answer is too long'))
      })
      response.once('error', reject)
      response.once('end', () => resolve({ status: response.statusCode ?? 0, text }))
    })
    sent.once('error', reject)
    sent.end(body)
  })

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    // A proxy on the way answers in its own words.
    return undefined
  }
}

/** One request, which is not repeated here. Rejects when there is no whole answer in time. */
export const askApiServer = async (
  { host, port, ca, token }: ApiServer,
  method: 'GET' | 'POST',
  resource: string,
  { body, timeoutMs }: { readonly body?: unknown; readonly timeoutMs: number },
): Promise<ApiAnswer> => {
  const json = body === undefined ? undefined : JSON.stringify(body)
  const options = {
    host,
    port,
    ca,
    method,
    path: resource,
    // A connection of its own: there are a handful of requests, and none must keep the process.
    agent: false,
    signal: AbortSignal.timeout(timeoutMs),
    headers: {
      accept: 'application/json',
      authorization: `Bearer ${token}`,
      ...(json === undefined ? {} : { 'content-type': 'application/json' }),
    },
  }
  const { status, text } = await send(options, json)
  return { status, body: parse(text) }
}
