import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished, describe, expect, it } from 'vitest'
import { instanceHeader, seeInstances } from './instances.ts'

const listen = async (server: Server, address = '127.0.0.1', port = 0) => {
  await new Promise<void>((resolve) => void server.listen(port, address, resolve))
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

/** Each connection leads to the next of these, as behind an address that balances. */
const balanced = (...instances: readonly string[]) => {
  let connections = 0
  const hosts: (string | undefined)[] = []
  const ofSocket = new WeakMap<object, string>()
  const server = createServer((request, response) => {
    hosts.push(request.headers.host)
    const instance = ofSocket.get(request.socket) ?? ''
    const status = request.url === '/readyz' && instance !== 'unready' ? 200 : 503
    response.writeHead(status, { [instanceHeader]: instance }).end()
  })
  server.on('connection', (socket) => {
    ofSocket.set(socket, instances[connections % instances.length] ?? '')
    connections += 1
  })
  return { server, hosts }
}

const timeoutMs = 500
const onlyHere = () => Promise.resolve(['127.0.0.1'])

describe('the processes of a service', () => {
  it('on this machine are one, and it is all', async () => {
    const { server } = balanced('a', 'b')
    const port = await listen(server)
    const seen = await seeInstances(`http://127.0.0.1:${port}`, timeoutMs)
    expect(seen).toEqual({ isReady: true, instances: ['a'], areAll: true })
  })

  it('behind one address are met by several connections, and may be more', async () => {
    const { server, hosts } = balanced('a', 'b', 'unready')
    const port = await listen(server)
    const seen = await seeInstances(`http://order:${port}`, timeoutMs, onlyHere)
    expect(seen).toEqual({ isReady: true, instances: ['a', 'b', 'unready'], areAll: false })
    expect(new Set(hosts)).toEqual(new Set([`order:${port}`]))
  })

  it('with addresses of their own are each asked, and those that do not answer are not there', async () => {
    const port = await listen(balanced('a').server)
    await listen(balanced('b').server, '127.0.0.2', port)
    const addresses = ['127.0.0.1', '127.0.0.2', '127.0.0.3']
    const seen = await seeInstances(`http://order:${port}`, timeoutMs, () =>
      Promise.resolve(addresses),
    )
    expect(seen).toEqual({ isReady: true, instances: ['a', 'b'], areAll: true })
  })

  it('are not there when their name leads nowhere or nobody answers', async () => {
    const nowhere = () => Promise.reject(new Error('no such name'))
    const away = { isReady: false, instances: [] }
    expect(await seeInstances('http://order:1', timeoutMs, nowhere)).toMatchObject(away)
    expect(await seeInstances('http://127.0.0.1:9', timeoutMs)).toMatchObject(away)
    const silent = createServer(() => {})
    const port = await listen(silent)
    const startedAtMs = performance.now()
    expect(await seeInstances(`http://127.0.0.1:${port}`, 100)).toMatchObject(away)
    expect(performance.now() - startedAtMs).toBeLessThan(1_000)
    silent.closeAllConnections()
  })

  it('that are not ready are there', async () => {
    const port = await listen(balanced('unready').server)
    const seen = await seeInstances(`http://127.0.0.1:${port}`, timeoutMs)
    expect(seen).toMatchObject({ isReady: false, instances: ['unready'] })
  })
})
