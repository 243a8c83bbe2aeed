import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { rawAuthorization, startGateway, type RunningGateway } from '../lab/gateway.ts'
import { ask, codeOf, lines } from '../lab/raw-http.ts'
import { startNotification } from '../lab/service.ts'

/**
 * A web page whose host name leads to this machine must not use what runs here: the gateway and the
 * services behind it answer only to their own names.
 */
const id = '019aa0b6-52a5-7c11-8f6e-2d3c4b5a6978'

let gateway: RunningGateway
let servicePort: number

beforeAll(async () => {
  gateway = await startGateway()
  servicePort = Number(new URL((await startNotification()).notification.url).port)
})
beforeEach(() => {
  for (const service of Object.values(gateway.services)) service.received.length = 0
})
afterAll(() => gateway.stop())

const received = () => Object.values(gateway.services).flatMap((service) => service.received)

describe('the name in the Host header', () => {
  const get = (host: string, path = '/notifications') =>
    lines(
      `GET ${path}?userId=${id} HTTP/1.1`,
      `Host: ${host}`,
      'Connection: close',
      ...rawAuthorization('GET', `${path}?userId=${id}`),
    )

  it.each([
    'evil.example',
    'localhost.evil.example',
    'evil.example:8000',
    '127.0.0.1.evil.example',
  ])('is refused with 421 when it is unknown, and the setting is named: %s', async (host) => {
    for (const port of [gateway.port, servicePort]) {
      const answer = await ask(port, get(host))
      expect([answer.status, codeOf(answer)]).toEqual([421, 'misdirected-request'])
      expect(answer.body).toContain('PUBLIC_HOSTS')
    }
    expect(received()).toEqual([])
  })

  it.each([
    'localhost',
    'localhost:8000',
    'LocalHost.:1',
    'shop.localhost',
    '127.0.0.1',
    '127.9.9.9:80',
    '[::1]:8000',
    '10.1.2.3:8000',
  ])('may be of this machine, or an address: %s', async (host) => {
    for (const port of [gateway.port, servicePort]) {
      expect((await ask(port, get(host))).status).toBe(200)
    }
  })

  it('may be the service’s own, by which others call it in a cluster', async () => {
    expect((await ask(servicePort, get('notification:8004'))).status).toBe(200)
    expect((await ask(servicePort, get('gateway'))).status).toBe(421)
  })

  it('may be one of PUBLIC_HOSTS, or HOST', async () => {
    const named = await startGateway({
      PUBLIC_HOSTS: 'arch.homework, Shop.Example',
      HOST: 'localhost',
    })
    try {
      for (const host of ['arch.homework', 'ARCH.HOMEWORK:80', 'shop.example', 'localhost']) {
        expect((await ask(named.port, get(host))).status).toBe(200)
      }
      expect((await ask(named.port, get('evil.example'))).status).toBe(421)
    } finally {
      await named.stop()
    }
  })

  it('does not matter when probes ask', async () => {
    for (const port of [gateway.port, servicePort]) {
      for (const path of ['/healthz', '/readyz']) {
        expect((await ask(port, get('probe.example', path))).status).toBe(200)
      }
    }
  })
})
