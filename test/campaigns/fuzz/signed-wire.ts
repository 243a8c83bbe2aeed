import { committedContracts } from '../../judge/contract-check.ts'
import { createPathFinder, describedMethod } from '../../judge/contract-routes.ts'
import type { KnownKind, Known } from './values.ts'
import { authorizationOf, type As } from '../../lab/wallet.ts'
import { createWire, type Wire, type WireRequest } from './wire.ts'

/** What a body says, as far as it can be read. Servers skip a byte order mark. */
export const saidIn = (body: Buffer | undefined): unknown => {
  try {
    return JSON.parse(body?.toString('utf8').replace(/^\ufeff/, '') ?? '')
  } catch {
    return undefined
  }
}

/** A request, as far as it says who may send it. */
interface Asked {
  readonly method: string
  readonly path: string
  readonly body: unknown
}

const wholePath = (path: string) => path.split('?')[0] ?? ''

/** What is created for whoever asks, so that no path or body names its owner. */
const isForAnybody = ({ method, path }: Asked) =>
  method === 'POST' && ['/companies', '/bookings'].includes(wholePath(path))

/**
 * Who sends what: those who own something of it, as far as this knows. A company and its offers
 * belong to the user who created the company.
 */
export const createCast = ({ ids }: Known) => {
  const find = createPathFinder(committedContracts())
  const isForPeople = ({ method, path }: Asked) =>
    find(wholePath(path))?.operations[describedMethod(method)]?.['x-access'] === 'person'
  const managers = new Map<string, string>()

  const managerFor = ({ path, body }: Asked) => {
    const companyId = (body as { readonly companyId?: unknown } | undefined)?.companyId
    return [...wholePath(path).split('/'), String(companyId)]
      .map((id) => managers.get(id.toLowerCase()))
      .find((found) => found !== undefined)
  }

  /** The same request is always sent by the same user. */
  const anybody = ({ path, body }: Asked) => {
    const bytes = Buffer.from(`${path}${JSON.stringify(body)}`)
    const sum = bytes.reduce((total, byte) => total + byte, 0)
    return ids.user[sum % Math.min(ids.user.length, 6)]
  }

  return {
    actorFor: (asked: Asked): As | undefined => {
      if (!isForPeople(asked)) return undefined
      return managerFor(asked) ?? (isForAnybody(asked) ? anybody(asked) : undefined)
    },

    /** Notes what was created, and by whom if the request says so. Returns its kind. */
    note: ({ as, ...asked }: Asked & { readonly as?: As }, id: string): KnownKind | undefined => {
      switch (wholePath(asked.path)) {
        case '/users':
          return 'user'
        case '/orders':
          return 'order'
        case '/categories':
          return 'category'
        case '/bookings':
          return 'booking'
        case '/offers':
        case '/companies': {
          const manager = typeof as === 'string' ? as : (managerFor(asked) ?? anybody(asked))
          if (manager !== undefined) managers.set(id, manager)
          return wholePath(asked.path) === '/offers' ? 'offer' : 'company'
        }
        default:
          return undefined
      }
    },
  }
}

export type Cast = ReturnType<typeof createCast>

/** A wire that shows the token that a route needs, unless the request says itself what to show. */
export const createSignedWire = (
  baseUrl: string,
  timeoutMs: number,
  { actorFor }: Pick<Cast, 'actorFor'>,
): Wire => {
  const wire = createWire(baseUrl, timeoutMs)
  const send = async (request: WireRequest) => {
    const { method, path, headers, body } = request
    if (headers.some(([name]) => name === 'authorization')) return wire.send(request)
    const asked = { method, path, body: saidIn(body) }
    const as = actorFor(asked)
    const signal = AbortSignal.timeout(timeoutMs)
    const authorization = await authorizationOf(baseUrl, { ...asked, as }, signal)
    if (authorization === undefined) return wire.send(request)
    return wire.send({ ...request, headers: [...headers, ['authorization', authorization]] })
  }
  return { ...wire, send }
}
