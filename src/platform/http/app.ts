import { OpenAPIHono } from '@hono/zod-openapi'
import type { Context, Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { $ZodIssue } from 'zod/v4/core'
import { BatchExhaustedError } from '../database/batch.ts'
import { checkCallers, contractDocument, expectsKey, type ServiceContract } from './contract.ts'
import {
  ProblemError,
  problemContentType,
  problemDocument,
  problemTable,
  retrySoon,
  type FieldError,
  type ProblemCode,
  type ProblemOptions,
} from '../base/errors.ts'
import { createActRecorder, type Acts, type NeedsRole } from './acts.ts'
import { sendProblem } from './admission.ts'
import { handleByFetch, type Bindings } from './fetch.ts'
import { hiddenFault, isText } from './json-body.ts'
import { outcomeUnknown, repeatOf, type Repeat } from './repeats.ts'
import { createMatcher, pathOf, type Matcher } from './routes.ts'
import type { Handle } from './server.ts'
import type { Log } from '../base/telemetry.ts'

export interface ServiceEnv {
  Bindings: Bindings
}

export type ServiceApp = OpenAPIHono<ServiceEnv>

export const requestIdIn = (c: Context<ServiceEnv>): string => c.env.incoming.requestId

export const problemResponse = (
  c: Context<ServiceEnv>,
  code: ProblemCode,
  detail: string,
  options: ProblemOptions = {},
) => {
  const document = problemDocument(code, detail, requestIdIn(c), options)
  c.env.incoming.problemCode = code
  return c.body(JSON.stringify(document), problemTable[code].status, {
    'content-type': problemContentType,
    ...options.headers,
  })
}

const fieldErrorsOf = (issue: $ZodIssue): FieldError[] => {
  const path = issue.path.join('.')
  if (issue.code !== 'unrecognized_keys') return [{ field: path || 'body', message: issue.message }]
  return issue.keys.map((key) => ({
    field: path ? `${path}.${key}` : key,
    message: 'is not a known field',
  }))
}

const invalidRequest = (issues: readonly $ZodIssue[], target: string) => {
  const errors = issues.flatMap(fieldErrorsOf)
  const names = errors.map((error) => error.field).join(', ')
  if (target === 'header') {
    const detail =
      'The Idempotency-Key must be 1 to 255 visible ASCII characters, between quotes or without any.'
    return new ProblemError('invalid-idempotency-key', detail, { errors })
  }
  return new ProblemError('validation-failed', `Check these: ${names}.`, { errors })
}

/** Turns every failure into a problem of the table. Only an error that nobody expected is a 500. */
export const toProblem = (error: unknown, log: Log, repeat: Repeat): ProblemError => {
  if (error instanceof ProblemError) {
    return error.code === 'outcome-unknown' ? outcomeUnknown(error.message, repeat) : error
  }
  if (error instanceof HTTPException && error.status === 400) {
    return new ProblemError('malformed-json', 'The body could not be read as JSON.')
  }
  if (error instanceof HTTPException && error.status === 415) {
    return new ProblemError('unsupported-media-type', 'Send the body as application/json.')
  }
  if (error instanceof BatchExhaustedError) {
    const detail = 'Too many others changed the same thing; nothing was done. Try again.'
    return new ProblemError('unavailable', detail, { headers: retrySoon })
  }
  log.error({ err: error }, 'unforeseen failure')
  return new ProblemError('internal', 'The failure was logged under this request id.')
}

/** Answers errors and unknown paths, in the same way in every service. */
export const installErrorHandling = (app: Hono<ServiceEnv>, { match }: Matcher, log: Log) => {
  app.onError((error, c) => {
    const found = match(c.req.method, c.req.path)
    const hasKey = c.req.header('idempotency-key') !== undefined
    const repeat = repeatOf(found.kind === 'route' && found.route.takesKey, hasKey)
    const problem = toProblem(error, log, repeat)
    return problemResponse(c, problem.code, problem.message, problem.options)
  })
  app.notFound((c) => {
    const path = pathOf(c.env.incoming.url ?? '')
    const found = match(c.req.method, path)
    if (found.kind !== 'wrong-method') {
      return problemResponse(c, 'not-found', `There is nothing at ${path}.`)
    }
    const { allow } = found
    return problemResponse(c, 'method-not-allowed', `${path} knows ${allow}.`, {
      headers: { allow },
    })
  })
}

/** Finds what the schema cannot see, because JSON.parse has hidden it. */
const checkBody = (body: Buffer) => {
  if (!isText(body)) throw new ProblemError('malformed-json', 'The body is not UTF-8 text.')
  const fault = hiddenFault(body.toString('utf8'))
  if (fault === undefined) return
  throw new ProblemError('validation-failed', `Check these: ${fault.field}.`, { errors: [fault] })
}

export interface ServiceAppDeps {
  readonly log: Log
  /** Where is written down what operators ask for, and others by the roles that they need. */
  readonly acts: Acts
  readonly needsRole?: NeedsRole
}

/** No template is, or fits, this. */
const nowhere = '//'

/**
 * The path as it was sent. Hono would decode it first, and then find a route where the server found
 * none, so that nobody would have asked who calls. And a second lock: whoever was not let in by the
 * server finds no route at all.
 */
const sentPath = (_request: Request, options?: { readonly env?: Partial<Bindings> }): string => {
  const { caller, url = '' } = options?.env?.incoming ?? {}
  return caller === undefined ? nowhere : pathOf(url)
}

/** Lets the app answer when what is asked for by a role is written down. */
const handleBy = (
  app: ServiceApp,
  matcher: Matcher,
  { acts, needsRole, log }: ServiceAppDeps,
): Handle => {
  const handle = handleByFetch(app.fetch)
  const recordAct = createActRecorder(acts, matcher, needsRole)
  return (request, response) => {
    const recorded = recordAct(request)
    if (recorded === undefined) return handle(request, response)
    return recorded.then(
      () => handle(request, response),
      (error: unknown) => {
        const { code, message, options } = toProblem(error, log, 'as it is')
        sendProblem(response, request.requestId, code, message, options)
      },
    )
  }
}

/** Creates the app of a service. The service adds its handlers; all else is the same for all. */
export const createServiceApp = (contract: ServiceContract, deps: ServiceAppDeps) => {
  const app: ServiceApp = new OpenAPIHono<ServiceEnv>({
    getPath: sentPath,
    defaultHook: (result, c) => {
      if (!result.success) throw invalidRequest(result.error.issues, result.target)
      const { rawBody } = c.env.incoming
      if (result.target === 'json' && rawBody !== undefined) checkBody(rawBody)
    },
  })
  checkCallers(contract)
  const { service } = contract
  const routes = contract.routes.map((route) => ({
    method: route.method.toUpperCase(),
    template: route.path,
    service,
    access: route.access,
    takesKey: expectsKey(route),
    takesNoBody: route.request?.body === undefined,
  }))
  const ownDescription = {
    method: 'GET',
    template: '/openapi.json',
    service,
    access: 'anyone' as const,
    takesKey: false,
  }
  const matcher = createMatcher([...routes, ownDescription])
  installErrorHandling(app, matcher, deps.log)
  // Few ever ask for it, and to make it takes longer than all else that an app does at its start.
  let document: string | undefined
  app.get('/openapi.json', (c) => {
    document ??= JSON.stringify(contractDocument(contract))
    return c.body(document, 200, { 'content-type': 'application/json' })
  })
  return { app, find: matcher.find, handle: handleBy(app, matcher, deps) }
}
