import { authorizationOf } from '../../lab/wallet.ts'
import { createWire, type Wire, type WireRequest } from './wire.ts'

/** What a body says, as far as it can be read. Servers skip a byte order mark. */
export const saidIn = (body: Buffer | undefined): unknown => {
  try {
    return JSON.parse(body?.toString('utf8').replace(/^\ufeff/, '') ?? '')
  } catch {
    return undefined
  }
}

/** A wire that shows the token that a route needs, unless the request says itself what to show. */
export const createSignedWire = (baseUrl: string, timeoutMs: number): Wire => {
  const wire = createWire(baseUrl, timeoutMs)
  const send = async (request: WireRequest) => {
    const { method, path, headers, body } = request
    if (headers.some(([name]) => name === 'authorization')) return wire.send(request)
    const asked = { method, path, body: saidIn(body) }
    const authorization = await authorizationOf(baseUrl, asked, AbortSignal.timeout(timeoutMs))
    if (authorization === undefined) return wire.send(request)
    return wire.send({ ...request, headers: [...headers, ['authorization', authorization]] })
  }
  return { ...wire, send }
}
