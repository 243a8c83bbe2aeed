import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { request } from 'undici'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { whenFileEnds } from '../../../test/lab/cleanup.ts'
import { createStaticFiles } from './static-files.ts'

const disk = vi.hoisted(() => ({ failures: 0 }))
vi.mock('node:fs/promises', async (load) => {
  const real = await load<{ readFile: (url: URL) => Promise<Buffer> }>()
  const readFile = (url: URL) => {
    if (disk.failures === 0) return real.readFile(url)
    disk.failures -= 1
    return Promise.reject(new Error('EMFILE: too many open files'))
  }
  return { ...real, readFile }
})

let origin: string

beforeAll(async () => {
  const issuer = { url: 'http://localhost:8000/identity', isOwn: true, rolesClaim: 'roles' }
  const files = createStaticFiles([], issuer)
  const server = createServer((incoming, response) => {
    files.send(incoming.url ?? '', incoming, response).catch(() => response.writeHead(500).end())
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  whenFileEnds(() => server.close())
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

const get = async (path: string, headers: Record<string, string> = {}) => {
  const { statusCode, headers: received, body } = await request(`${origin}${path}`, { headers })
  return { status: statusCode, etag: String(received['etag']), size: (await body.bytes()).length }
}
const gzip = { 'accept-encoding': 'gzip' }

describe('a page', () => {
  it('that could not be read once is read for the next request', async () => {
    disk.failures = 1
    expect((await get('/')).status).toBe(500)
    expect((await get('/')).status).toBe(200)
  })

  it('is read once', async () => {
    expect((await get('/docs')).status).toBe(200)
    disk.failures = 1
    expect((await get('/docs')).status).toBe(200)
    disk.failures = 0
  })

  it('has a tag for each of its encodings, and each tag is for one encoding only', async () => {
    const plain = await get('/docs')
    const zipped = await get('/docs', gzip)
    expect(zipped.size).toBeLessThan(plain.size)
    expect(zipped.etag).not.toBe(plain.etag)
    expect((await get('/docs', { ...gzip, 'if-none-match': plain.etag })).status).toBe(200)
    expect((await get('/docs', { 'if-none-match': zipped.etag })).status).toBe(200)
    expect((await get('/docs', { 'if-none-match': plain.etag })).status).toBe(304)
    expect((await get('/docs', { ...gzip, 'if-none-match': zipped.etag })).status).toBe(304)
  })

  it.each(['*', ' * ', '"other", W/"x"'])('is compared with If-None-Match: %s', async (tags) => {
    expect((await get('/docs', { 'if-none-match': tags })).status).toBe(
      tags.includes('*') ? 304 : 200,
    )
  })
})
