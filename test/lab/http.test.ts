import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ContractViolation } from '../judge/contract-check.ts'
import { api, type Api } from './http.ts'

/** A server that gives the answer it is told to give, in the contract or not. */
describe('the test client', () => {
  let server: Server
  let client: Api
  let answer: { status: number; type: string; body: string }
  let received: { method?: string; url?: string; headers: IncomingHttpHeaders; body: string }

  beforeAll(async () => {
    server = createServer((request, response) => {
      let body = ''
      request.setEncoding('utf8').on('data', (text: string) => (body += text))
      request.on('end', () => {
        received = { method: request.method, url: request.url, headers: request.headers, body }
        response.writeHead(answer.status, { 'content-type': answer.type, 'x-request-id': 'r-1' })
        response.end(answer.body)
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    client = api(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  })
  afterAll(() => server.close())
  beforeEach(() => {
    answer = { status: 200, type: 'application/json', body: '{"items":[],"next":null}' }
  })

  it('sends JSON with the key, and gives the answer in parts', async () => {
    const options = { key: 'k-1', check: false, headers: { 'x-request-id': 'mine' } }
    const { status, headers, body, text } = await client.post('/orders?x=1', { price: 5 }, options)
    expect(received).toMatchObject({ method: 'POST', url: '/orders?x=1', body: '{"price":5}' })
    expect(received.headers).toMatchObject({
      'content-type': 'application/json',
      'idempotency-key': 'k-1',
      'x-request-id': 'mine',
    })
    expect({ status, body, text }).toEqual({
      status: 200,
      body: { items: [], next: null },
      text: '{"items":[],"next":null}',
    })
    expect(headers['x-request-id']).toBe('r-1')
  })

  it('lets an answer pass that keeps to the contract', async () => {
    const { body } = await client.get('/notifications?userId=019aa0b6-50f3-7a00-8b3d-1c2d3e4f5061')
    expect(body).toEqual({ items: [], next: null })
  })

  it.each([
    ['an undeclared member', { body: '{"items":[],"next":null,"total":0}' }, /\(total\)/],
    ['an undeclared status', { status: 206 }, /206 is not declared by notification/],
    ['another content type', { type: 'text/plain' }, /is text\/plain, not application\/json/],
  ])('does not let %s pass', async (_what, part, message) => {
    answer = { ...answer, ...part }
    const asking = client.get('/notifications?userId=x')
    await expect(asking).rejects.toThrow(ContractViolation)
    await expect(asking).rejects.toThrow(message)
  })

  it('gives up on a server that does not answer', async () => {
    const silent = createServer(() => {})
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as AddressInfo
    const asking = api(`http://127.0.0.1:${port}`).get('/orders', { timeoutMs: 50 })
    await expect(asking).rejects.toThrow(/timeout|aborted/i)
    silent.closeAllConnections()
    silent.close()
  })
})
