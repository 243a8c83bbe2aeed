import { lookup } from 'node:dns/promises'
import { get } from 'node:http'

/** In this header each process tells how it names itself, when it is asked whether it is ready. */
export const instanceHeader = 'x-instance'

export interface Seen {
  readonly isReady: boolean
  readonly instances: readonly string[]
  /** Whether each process has an address of its own that was asked. */
  readonly areAll: boolean
}

const maxAddresses = 16
/** Behind one address that balances, each new connection may lead to another process. */
const triesAtOneAddress = 4

interface Answer {
  readonly isReady: boolean
  readonly instance: string | undefined
}

/** Each time by a connection of its own: one that is kept leads to the same process for ever. */
const ask = (url: URL, address: string, timeoutMs: number): Promise<Answer | undefined> =>
  new Promise((resolve) => {
    const options = {
      host: address,
      port: url.port === '' ? 80 : url.port,
      path: '/readyz',
      headers: { host: url.host },
      agent: false as const,
      signal: AbortSignal.timeout(timeoutMs),
    }
    get(options, (response) => {
      response.resume()
      const instance = response.headers[instanceHeader]
      resolve({
        isReady: response.statusCode === 200,
        instance: typeof instance === 'string' ? instance : undefined,
      })
    }).on('error', () => resolve(undefined))
  })

const addressesOf = async (host: string): Promise<string[]> => {
  const found = await lookup(host, { all: true })
  return [...new Set(found.map(({ address }) => address))].slice(0, maxAddresses)
}

/** On this machine a port is one process. */
const isThisMachine = (host: string) => /^(?:localhost|127\..*|::1)$/.test(host)

/**
 * Finds the processes of a service that answer. In a cluster a name may stand for each of them, or for
 * one address that leads to one of them at a time: then some are found, and never surely all.
 */
export const seeInstances = async (
  baseUrl: string,
  timeoutMs: number,
  resolve: (host: string) => Promise<readonly string[]> = addressesOf,
): Promise<Seen> => {
  const url = new URL(baseUrl)
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const addresses = await resolve(host).catch((): string[] => [])
  const areAll = isThisMachine(host) || addresses.length > 1
  const tries = areAll ? 1 : triesAtOneAddress
  const asked = await Promise.all(
    addresses.flatMap((address) =>
      Array.from({ length: tries }, () => ask(url, address, timeoutMs)),
    ),
  )
  const answers = asked.flatMap((answer) => answer ?? [])
  return {
    isReady: answers.some(({ isReady }) => isReady),
    instances: [...new Set(answers.flatMap(({ instance }) => instance ?? []))].toSorted(),
    areAll,
  }
}
