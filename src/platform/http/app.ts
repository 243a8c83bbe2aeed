import { OpenAPIHono } from '@hono/zod-openapi'
import type { Context, Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { $ZodIssue } from 'zod/v4/core'
import { BatchExhaustedError } from '../database/batch.ts'
import { contractDocument, takesKey, type ServiceContract } from './contract.ts'
import {
  ProblemError,
  problemContentType,
  problemDocument,
  problemTable,
  type FieldError,
  type ProblemCode,
  type ProblemOptions,
} from '../base/errors.ts'
import type { Bindings } from './fetch.ts'
import { hiddenFault, isText } from './json-body.ts'
import { outcomeUnknown, repeatOf, type Repeat } from './repeats.ts'
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

/** Every failure becomes one of the table's problems; only what nobody foresaw is a 500. */
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
    return new ProblemError('unavailable', detail, { headers: { 'retry-after': '1' } })
  }
  log.error({ err: error }, 'unforeseen failure')
  return new ProblemError('internal', 'The failure was logged under this request id.')
}

/** A contract's path as a pattern: `/users/{id}` matches one segment for `{id}`. */
const pathPattern = (path: string) => {
  const source = path.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{[^}]+\}/g, '[^/]+')
  return new RegExp(`^${source}$`)
}

export interface RouteTable {
  /** The route's name for metrics, or `unknown`. */
  readonly routeOf: (method: string, path: string) => string
  /** The methods that an address knows; none when there is nothing at it. */
  readonly methodsAt: (path: string) => string[]
  /** Whether the operation at an address takes an Idempotency-Key. */
  readonly takesKey: (method: string, path: string) => boolean
}

export const createRouteTable = (
  routes: readonly {
    readonly method: string
    readonly path: string
    readonly takesKey: boolean
  }[],
): RouteTable => {
  const entries = routes.map((route) => ({
    ...route,
    method: route.method.toUpperCase(),
    pattern: pathPattern(route.path),
  }))
  return {
    routeOf: (method, path) =>
      entries.find((entry) => entry.method === method && entry.pattern.test(path))?.path ??
      'unknown',
    methodsAt: (path) =>
      entries
        .filter((entry) => entry.pattern.test(path))
        .flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method])),
    takesKey: (method, path) =>
      entries.some(
        (entry) => entry.takesKey && entry.method === method && entry.pattern.test(path),
      ),
  }
}

/** Errors and unknown addresses, the same in every service. */
export const installErrorHandling = (app: Hono<ServiceEnv>, table: RouteTable, log: Log) => {
  app.onError((error, c) => {
    const { method, path } = c.req
    const hasKey = c.req.header('idempotency-key') !== undefined
    const problem = toProblem(error, log, repeatOf(table.takesKey(method, path), hasKey))
    return problemResponse(c, problem.code, problem.message, problem.options)
  })
  app.notFound((c) => {
    const allowed = table.methodsAt(c.req.path)
    if (allowed.length === 0) {
      return problemResponse(c, 'not-found', `There is nothing at ${c.req.path}.`)
    }
    const detail = `${c.req.path} knows ${allowed.join(', ')}.`
    return problemResponse(c, 'method-not-allowed', detail, {
      headers: { allow: allowed.join(', ') },
    })
  })
}

/** What the schema of a flat object cannot see, because parsing has hidden it. */
const checkBody = (body: Buffer) => {
  if (!isText(body)) throw new ProblemError('malformed-json', 'The body is not UTF-8 text.')
  const fault = hiddenFault(body.toString('utf8'))
  if (fault === undefined) return
  throw new ProblemError('validation-failed', `Check these: ${fault.field}.`, { errors: [fault] })
}

/** A service's app: its contract's routes are added by the service, the rest is the same for all. */
export const createServiceApp = (contract: ServiceContract, log: Log) => {
  const app: ServiceApp = new OpenAPIHono<ServiceEnv>({
    defaultHook: (result, c) => {
      if (!result.success) throw invalidRequest(result.error.issues, result.target)
      const { rawBody } = c.env.incoming
      if (result.target === 'json' && rawBody !== undefined) checkBody(rawBody)
    },
  })
  const described = contractDocument(contract)
  const routes = contract.routes.map(({ method, path }) => ({
    method,
    path,
    takesKey: takesKey(described.paths?.[path]?.[method as 'post'] ?? {}),
  }))
  const table = createRouteTable([
    ...routes,
    { method: 'GET', path: '/openapi.json', takesKey: false },
  ])
  installErrorHandling(app, table, log)
  const document = JSON.stringify(described)
  app.get('/openapi.json', (c) => c.body(document, 200, { 'content-type': 'application/json' }))
  return { app, routeOf: table.routeOf }
}
