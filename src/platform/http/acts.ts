import { ProblemError, retrySoon } from '../base/errors.ts'
import type { Person } from '../base/caller.ts'
import type { AdmittedRequest } from './admission.ts'
import { pathOf, type Matcher } from './routes.ts'

/** What somebody asked for by a role, and not as its owner. */
export interface Act {
  /** Who: an operator, or somebody with another role. */
  readonly operator: string
  readonly method: string
  readonly route: string
  readonly target: string
  /** The user whom the request names in its path, query or body. */
  readonly subject: string | null
  readonly requestId: string
}

export type StoredAct = Act & { readonly id: string; readonly at: Date }

export interface ActsQuery {
  readonly operator?: string | undefined
  readonly subject?: string | undefined
  readonly cursor?: string | undefined
  readonly limit: number
}

/** Which requests need a role beside that of an operator, whose requests are all acts. */
export type NeedsRole = (person: Person, route: string) => boolean

/** Where acts are written down. */
export interface Acts {
  readonly record: (act: Act) => Promise<unknown>
  readonly list: (query: ActsQuery) => Promise<StoredAct[]>
}

const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i

const userIdInBody = (body: Buffer | undefined): unknown => {
  if (body === undefined || body.length === 0) return undefined
  try {
    return (JSON.parse(body.toString('utf8')) as { readonly userId?: unknown } | null)?.userId
  } catch {
    // The handler will refuse it.
    return undefined
  }
}

const userIdInQuery = (target: string) =>
  new URLSearchParams(target.slice(pathOf(target).length)).get('userId')

const subjectOf = (path: string, template: string, query: unknown, body: unknown) => {
  const place = template.split('/').indexOf('{userId}')
  const named = [place === -1 ? undefined : path.split('/')[place], query, body]
  const id = named.find((each) => typeof each === 'string' && uuid.test(each))
  return typeof id === 'string' ? id.toLowerCase() : null
}

/** A target may be as long as a header: what is kept of it has an end. */
const maxTarget = 1_000

const isUnknown = (error: unknown) =>
  error instanceof ProblemError && error.code === 'outcome-unknown'

/** The act may stand there or not. What it is about has not begun, and that is what the operator asks. */
const notWrittenDown = (cause: unknown) =>
  new ProblemError('unavailable', 'It could not be written down; nothing was done. Try again.', {
    headers: retrySoon,
    cause,
  })

/** What is searched for may be a name or an address, and acts are kept for ever: an id may stay. */
const withoutWords = (url: string) =>
  url.replace(/([?&]q=)(?![0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:&|$))[^&]*/gi, '$1…')

/**
 * Writes down what somebody asks for by a role before it is done. If that is not possible, nothing is
 * done. Undefined: there is nothing to write down, as nearly always, and nothing to wait for.
 */
export const createActRecorder =
  (acts: Acts, { find }: Pick<Matcher, 'find'>, needsRole: NeedsRole = () => false) =>
  (request: AdmittedRequest): Promise<unknown> | undefined => {
    const { caller, rawBody, requestId, method = '', url = '' } = request
    // Nearly nobody has a role: the others pay for nothing here.
    if (caller?.kind !== 'person' || caller.person.roles.length === 0) return undefined
    const { person } = caller
    const path = pathOf(url)
    const route = find(method, path)
    if (route === undefined) return undefined
    if (!person.isOperator && !needsRole(person, route.template)) return undefined
    const act = {
      operator: person.id,
      method,
      route: route.template,
      target: withoutWords(url).slice(0, maxTarget),
      subject: subjectOf(path, route.template, userIdInQuery(url), userIdInBody(rawBody)),
      requestId,
    }
    return acts.record(act).catch((error: unknown) => {
      throw isUnknown(error) ? notWrittenDown(error) : error
    })
  }
