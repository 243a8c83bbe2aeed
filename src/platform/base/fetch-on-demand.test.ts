import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'

/** Runs as a service does, in a process of its own: the globals of the tests stay as they are. */
const inService = (code: string): unknown => {
  const base = new URL('.', import.meta.url).href
  const script = `
    const { shortenLoading } = await import('${base}module-loading.ts')
    const { loadFetchOnDemand } = await import('${base}fetch-on-demand.ts')
    shortenLoading()
    loadFetchOnDemand()
    const { serviceLoaders } = await import('${base}../../service-loaders.ts')
    for (const load of Object.values(serviceLoaders)) await load()
    ${code}`
  const args = ['--input-type=module', '--eval', script]
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }))
}

const ownUndici = 'NativeModule internal/deps/undici/undici'

describe('fetch on demand', { timeout: 30_000 }, () => {
  it("keeps Node's own undici out of all services", () => {
    const code = `console.log(process.moduleLoadList.includes('${ownUndici}'))`
    expect(inService(code)).toBe(false)
  })

  it('makes real answers, requests and headers', () => {
    const code = `
      const { getRequestListener } = await import('@hono/node-server')
      const before = [new Response('a'), new Headers(), new Request('http://a.example')]
      getRequestListener(() => {}, { overrideGlobalObjects: true })
      const answer = new Response('text', { status: 201, headers: { 'x-one': '1' } })
      const copy = new Response(null, answer)
      const asked = new Request('http://a.example/path', { method: 'POST', body: 'text' })
      console.log(JSON.stringify([
        before[0] instanceof Response, before[1] instanceof Headers, before[2] instanceof Request,
        answer instanceof Response, asked instanceof Request, answer.headers instanceof Headers,
        {} instanceof Response, null instanceof Headers, before[0] instanceof Headers,
        copy.status, copy.headers.get('x-one'), await answer.text(), await asked.text(),
        asked.url,
      ]))`
    const are = [true, true, true, true, true, true, false, false, false]
    const told = [201, '1', 'text', 'text', 'http://a.example/path']
    expect(inService(code)).toEqual([...are, ...told])
  })
})
