import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { readConfig } from '../../src/platform/base/config.ts'
import { urlVariable } from '../../src/platform/base/variables.ts'
import { serve } from '../../src/platform/run-service.ts'
import { registry, type ServiceName } from '../../src/registry.ts'
import { createGatewayService } from '../../src/services/gateway/service.ts'
import { issuerVariables } from './issuer.ts'
import { labAuthorization } from './wallet.ts'

/** The real gateway on a free port, in front of services that do what a test tells them. */
export interface ScriptedService {
  readonly server: Server
  /** How it answers the next requests. It answers its own name until a test says otherwise. */
  behave: RequestListener
  readonly received: {
    method: string
    url: string
    headers: IncomingMessage['headers']
    body: string
  }[]
}

const portOf = (server: Server) => (server.address() as AddressInfo).port

const listen = (server: Server): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })

export const answerJson =
  (status: number, body: unknown, headers: Record<string, string> = {}): RequestListener =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(JSON.stringify(body))
  }

const startScripted = async (name: string): Promise<ScriptedService> => {
  const received: ScriptedService['received'] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      if (request.url !== '/readyz') {
        const { method = '', url = '', headers } = request
        received.push({ method, url, headers, body: Buffer.concat(chunks).toString() })
      }
      scripted.behave(request, response)
    })
  })
  const scripted: ScriptedService = { server, received, behave: answerJson(200, { from: name }) }
  await listen(server)
  return scripted
}

export type UpstreamName = Exclude<ServiceName, 'gateway'>

export const startGateway = async (variables: Readonly<Record<string, string>> = {}) => {
  const names = registry.gateway.upstreams as readonly UpstreamName[]
  const started = names.map(async (name) => [name, await startScripted(name)] as const)
  const services = Object.fromEntries(await Promise.all(started)) as Readonly<
    Record<UpstreamName, ScriptedService>
  >
  const urls = Object.fromEntries(
    names.map((name) => [urlVariable(name), `http://127.0.0.1:${portOf(services[name].server)}`]),
  )
  const always = { LOG_LEVEL: 'silent', PORT: '0', SHUTDOWN_GRACE_MS: '1' }
  const issuer = await issuerVariables()
  const config = readConfig('gateway', { ...always, ...issuer, ...urls, ...variables })
  const { metrics, port, stop: end } = await serve(config, createGatewayService)
  const stop = async () => {
    await end()
    for (const { server: upstream } of Object.values(services)) {
      upstream.close()
      upstream.closeAllConnections()
    }
  }
  return { url: `http://127.0.0.1:${port}`, port, services, metrics, stop }
}

export type RunningGateway = Awaited<ReturnType<typeof startGateway>>

/** Sends bytes as they are and returns all that comes back: clients would correct these bytes. */
export const sendRaw = (port: number, text: string, waitMs = 5_000): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text))
    let received = ''
    socket.setTimeout(waitMs, () => socket.destroy(new Error(`no end within ${waitMs} ms`)))
    socket.on('data', (chunk) => (received += chunk.toString()))
    socket.on('error', reject)
    socket.on('close', () => resolve(received))
  })

/** The header with the token that a request by hand needs, in a list. Empty if it needs none. */
export const rawAuthorization = (method: string, target: string): string[] => {
  const path = target.replace(/^http:\/\/[^/]+/i, '')
  const authorization = labAuthorization({ method, path })
  return authorization === undefined ? [] : [`authorization: ${authorization}`]
}

export const rawRequest = (
  method: string,
  target: string,
  headers: readonly string[] = [],
  body = '',
) =>
  [
    `${method} ${target} HTTP/1.1`,
    'host: localhost',
    'connection: close',
    ...rawAuthorization(method, target),
    ...headers,
    ...(body ? [`content-length: ${Buffer.byteLength(body)}`] : []),
    '',
    body,
  ].join('\r\n')
