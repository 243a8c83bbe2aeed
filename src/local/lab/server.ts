import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { getRequestListener } from '@hono/node-server'
import { Hono, type Context } from 'hono'
import { streamSSE } from 'hono/streaming'
import { z } from 'zod'
import {
  ProblemError,
  problemContentType,
  problemDocument,
  problemTable,
} from '../../platform/base/errors.ts'
import { uuidv7 } from '../../platform/base/ids.ts'
import { labHost } from '../launcher/with-lab.ts'
import { projectFolder } from '../postgres/data-folder.ts'
import { pageFiles } from './files.ts'
import type { LoadOfPeople } from './load.ts'
import type { Switches } from './switches.ts'
import type { Tour } from './tour.ts'
import { everyMs, type Watch } from './watch.ts'

export interface ServerDeps {
  readonly port: number
  /** Where the pages of the shop are. */
  readonly gateway: string
  readonly watch: Watch
  readonly switches: Switches
  readonly load: LoadOfPeople
  readonly tour: Tour
  readonly signal: AbortSignal
}

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const secondsSchema = z.strictObject({ seconds: z.int().min(1).max(60).default(10) })
const clientsSchema = z.strictObject({ clients: z.int().min(0).max(50) })
const mostBodyCharacters = 1_000

const isWriting = (method: string) => method !== 'GET' && method !== 'HEAD'

/**
 * A page elsewhere could send this browser here, under a name of its own (DNS rebinding) or with a
 * form: so only our own names and our own page are served.
 */
const refuseStrangers = ({ req }: Context, port: number) => {
  const names = [labHost, 'localhost'].map((name) => `${name}:${port}`)
  const host = req.header('host') ?? ''
  if (!names.includes(host)) {
    throw new ProblemError('misdirected-request', `The lab answers at ${names.join(' and ')} only.`)
  }
  const origin = req.header('origin')
  const site = req.header('sec-fetch-site')
  const isForeign = origin === undefined ? site === 'cross-site' : origin !== `http://${host}`
  if (isWriting(req.method) && isForeign) {
    throw new ProblemError('forbidden', 'Only the page of the lab may break things here.')
  }
}

const readBody = async <Shape extends z.ZodType>(
  { req }: Context,
  schema: Shape,
): Promise<z.output<Shape>> => {
  const text = await req.text()
  if (text.length > mostBodyCharacters) {
    throw new ProblemError('payload-too-large', 'This is longer than anything asked for here.')
  }
  let value: unknown
  try {
    value = text === '' ? {} : JSON.parse(text)
  } catch {
    throw new ProblemError('malformed-json', 'The body is no JSON.')
  }
  const read = schema.safeParse(value)
  if (read.success) return read.data
  const errors = read.error.issues.map((issue) => ({
    field: issue.path.join('.'),
    message: issue.message,
  }))
  throw new ProblemError('validation-failed', 'The body is not what is asked for.', { errors })
}

const toProblem = (error: Error): Response => {
  const known =
    error instanceof ProblemError ? error : new ProblemError('internal', 'The lab has a fault.')
  const { code, message, options } = known
  const document = problemDocument(code, message, uuidv7(), options)
  return new Response(JSON.stringify(document), {
    status: problemTable[code].status,
    headers: { 'content-type': problemContentType },
  })
}

const paramOf = ({ req }: Context, name: string) => req.param(name) ?? ''

const addDeeds = (app: Hono, { switches, load, tour, watch }: ServerDeps) => {
  app.post('/lab/switches/:id', async (context) => {
    const { seconds } = await readBody(context, secondsSchema)
    return context.json(switches.turnOn(paramOf(context, 'id'), seconds), 202)
  })
  app.delete('/lab/switches/:id', (context) =>
    context.json(switches.turnOff(paramOf(context, 'id'))),
  )
  app.post('/lab/mend', (context) => {
    switches.mendAll()
    return context.body(null, 204)
  })
  app.put('/lab/load', async (context) => {
    const { clients } = await readBody(context, clientsSchema)
    load.set(clients)
    return context.json(load.tell())
  })
  app.post('/lab/tour/:id', (context) => {
    const run = tour.begin(paramOf(context, 'id'))
    watch.wake()
    return context.json(run, 202)
  })
  app.delete('/lab/tour', async (context) => {
    await tour.stop()
    return context.body(null, 204)
  })
}

const addViews = (app: Hono, { watch, tour, gateway, signal }: ServerDeps) => {
  app.get('/lab/state', async (context) => context.json(await watch.tellNow()))
  app.get('/lab/events', (context) =>
    streamSSE(context, async (stream) => {
      const leave = watch.join()
      stream.onAbort(leave)
      try {
        while (!stream.aborted && !signal.aborted) {
          await stream.writeSSE({ event: 'state', data: JSON.stringify(watch.tell()) })
          await sleep(everyMs, undefined, { signal })
        }
      } catch {
        // Everything ends.
      } finally {
        leave()
      }
    }),
  )
  app.get('/lab/scenes', (context) => context.json(tour.scenes))
  app.get('/lab/source/:file{.+}', async (context) => {
    const file = paramOf(context, 'file')
    if (!tour.scenes.some(({ guarantee }) => guarantee.file === file)) {
      throw new ProblemError('not-found', 'Only the tests of the scenes are shown here.')
    }
    return context.text(await readFile(path.join(projectFolder, file), 'utf8'))
  })
  const files = pageFiles(gateway)
  app.get('*', (context) => {
    const file = files.get(context.req.path)
    if (file === undefined) throw new ProblemError('not-found', 'There is nothing here.')
    return context.body(file.text(), 200, { 'content-type': file.type })
  })
}

const createApp = (deps: ServerDeps) => {
  const app = new Hono()
  app.use(async (context, next) => {
    refuseStrangers(context, deps.port)
    await next()
    context.header('content-security-policy', policy)
    context.header('x-content-type-options', 'nosniff')
    context.header('referrer-policy', 'no-referrer')
    context.header('cache-control', 'no-store')
  })
  app.onError(toProblem)
  app.notFound(() => toProblem(new ProblemError('not-found', 'There is nothing here.')))
  addDeeds(app, deps)
  addViews(app, deps)
  return app
}

/** Serves the page of the lab, and does what it asks for. */
export const startLabServer = async (deps: ServerDeps): Promise<Server> => {
  const app = createApp(deps)
  const server = createServer((request, response) => void listener(request, response))
  const listener = getRequestListener(app.fetch)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(deps.port, labHost, resolve)
  })
  return server
}
