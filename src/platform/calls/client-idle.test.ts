import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { createTransport } from './transport.ts'
import { createReadinessProbe } from './readiness.ts'
import { createMetrics } from '../base/telemetry.ts'

/** DRAIN_DELAY_MS in the cluster: callers must close idle connections before it is over. */
const drainDelayMs = 6_000

describe('idle connections to a service', { timeout: 15_000 }, () => {
  const sockets = new Set<Socket>()
  // Like our services, it offers to keep idle connections for more than a minute.
  const server = createServer({ keepAliveTimeout: 65_000 }, (_request, response) => {
    response.end()
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  afterEach(() => {
    server.closeAllConnections()
    server.close()
  })

  it('are given up sooner than a draining service closes them', async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const metrics = createMetrics('order')
    const transport = createTransport({
      caller: 'order',
      upstream: 'billing',
      baseUrl,
      callTimeoutMs: 1_000,
      metrics,
      authorization: () => 'Bearer test',
    })
    const probe = createReadinessProbe(baseUrl, 1_000)
    await transport.send({ method: 'GET', path: '/' }, { timeoutMs: 1_000 })
    await probe.isReady()
    expect(sockets.size).toBe(2)
    const untilMs = performance.now() + drainDelayMs
    while (sockets.size > 0 && performance.now() < untilMs) await sleep(50)
    expect(sockets.size).toBe(0)
    await Promise.all([transport.close(), probe.close()])
  })
})
