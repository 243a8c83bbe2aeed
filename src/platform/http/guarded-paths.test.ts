import { request } from 'node:http'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ProblemError } from '../base/errors.ts'
import { readConfig } from '../base/config.ts'
import { createLog, createMetrics } from '../base/telemetry.ts'
import { createServiceApp } from './app.ts'
import { defineRoute } from './contract.ts'
import { createHttpServer } from './server.ts'

/** However a path is spelled, no handler runs that nobody was asked a token for. */
const guarded = defineRoute({
  method: 'post',
  path: '/things/{thingId}/take',
  operationId: 'takeThing',
  access: { services: ['order'] },
  responses: { 200: { description: 'Taken' } },
})

const contract = {
  service: 'billing' as const,
  title: 'billing',
  description: 'money',
  version: '1.0.0',
  routes: [guarded],
}

const log = createLog('billing', 'silent')
const acts = { record: () => Promise.resolve(), list: () => Promise.resolve([]) }

const start = async () => {
  const taken: string[] = []
  const { app, find, handle } = createServiceApp(contract, { log, acts })
  app.openapi(guarded, (c) => {
    taken.push(c.req.path)
    return c.body(null, 200)
  })
  const server = createHttpServer({
    config: readConfig('gateway', {}),
    log,
    metrics: createMetrics('billing'),
    handle,
    find,
    callerOf: (authorization) => {
      if (authorization !== 'Bearer order') throw new ProblemError('unauthenticated', 'No.')
      return { kind: 'service', service: 'order' }
    },
    checkReady: () => Promise.resolve(),
    instance: 'test',
    exposesMetrics: false,
  })
  const port = await server.listen(0)
  onTestFinished(() => server.drain(0))
  /** Node's own client: others would correct the path. */
  const post = (path: string, headers: Record<string, string | string[]> = {}) =>
    new Promise<number>((resolve, reject) => {
      const type = { 'content-type': 'application/json' }
      const options = { port, path, method: 'POST', headers: { ...type, ...headers }, agent: false }
      const sent = request(options, (answer) => {
        answer.resume().on('end', () => resolve(answer.statusCode ?? 0))
      })
      sent.on('error', reject).end('{}')
    })
  return { app, post, taken }
}

describe('a guarded path', () => {
  it.each([
    '/%74hings/1/take',
    '/things/1/%74ake',
    '/things/1/tak%65',
    '/things/1%2ftake',
    '//things/1/take',
    '/things//1/take',
    '/things/1/take/',
    '/THINGS/1/take',
    '/things/1/take;x',
    '/./things/1/take',
    '/x/../things/1/take',
    '/%2e/things/1/take',
  ])('is not there when it is spelled %s', async (path) => {
    const { post, taken } = await start()
    expect(await post(path)).toBe(404)
    expect(await post(path, { authorization: 'Bearer order' })).toBe(404)
    expect(taken).toEqual([])
  })

  it('is there as the contract spells it, whatever the parameter is', async () => {
    const { post, taken } = await start()
    expect(await post('/things/%61/take')).toBe(401)
    expect(await post('/things/%61/take?x=%2f', { authorization: 'Bearer order' })).toBe(200)
    expect(taken).toEqual(['/things/%61/take'])
  })

  it('is not there for who shows two tokens, since others may read another one of them', async () => {
    const { post, taken } = await start()
    const authorization = ['Bearer order', 'Bearer order']
    expect(await post('/things/1/take', { authorization })).toBe(401)
    expect(taken).toEqual([])
  })

  it('is handled for nobody whom the server did not ask', async () => {
    const { app, taken } = await start()
    const incoming = { requestId: 'r', url: '/things/1/take' }
    const answer = await app.request('/things/1/take', { method: 'POST' }, { incoming })
    expect(answer.status).toBe(404)
    expect(taken).toEqual([])
  })
})
