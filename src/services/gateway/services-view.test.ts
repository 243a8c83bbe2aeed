import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answerJson, startGateway, type RunningGateway } from '../../../test/lab/gateway.ts'
import { api, type Api } from '../../../test/lab/http.ts'
import { registry } from '../../registry.ts'
import { uuidv7 } from '../../platform/base/ids.ts'

let gateway: RunningGateway
let client: Api
beforeAll(async () => {
  gateway = await startGateway()
  client = api(gateway.url)
  for (const [name, service] of Object.entries(gateway.services)) {
    service.behave = answerJson(200, { from: name }, { 'x-instance': `${name}-1` })
  }
})
afterAll(() => gateway.stop())

interface View {
  readonly gateway: string
  readonly services: readonly {
    readonly name: string
    readonly isReady: boolean
    readonly replicas: readonly { readonly instance: string }[]
    readonly traffic: readonly { readonly requests: number; readonly errors: number }[]
  }[]
}

const view = async () => (await client.get('/console/services', { as: 'operator' })).body as View
const of = ({ services }: View, wanted: string) => services.find(({ name }) => name === wanted)!
const passed = (seen: View, name: string) =>
  of(seen, name).traffic.reduce((sum, { requests }) => sum + requests, 0)
const failed = (seen: View, name: string) =>
  of(seen, name).traffic.reduce((sum, { errors }) => sum + errors, 0)

/** An answer is told for a second. */
const laterView = async () => {
  await new Promise((resolve) => setTimeout(resolve, 1_050))
  return view()
}

describe('what an operator sees of the services', () => {
  it('is all of them with the processes that answer, the gateway first', async () => {
    const seen = await view()
    expect(seen.services.map(({ name }) => name)).toEqual([
      'gateway',
      ...registry.gateway.upstreams,
    ])
    expect(of(seen, 'gateway').replicas).toMatchObject([{ instance: seen.gateway }])
    const ready = await client.get('/readyz')
    expect(ready.headers['x-instance']).toBe(seen.gateway)
    expect(of(seen, 'order')).toMatchObject({
      isReady: true,
      replicas: [{ instance: 'order-1' }],
      areAllReplicas: true,
    })
  })

  it('is what passed to each, with what failed, and all of it at the gateway', async () => {
    const before = await laterView()
    const ask = (path: string) => client.get(path, { as: uuidv7(), check: false })
    await Promise.all([1, 2, 3].map(() => ask(`/orders/${uuidv7()}`)))
    gateway.services.booking.behave = answerJson(500, {}, { 'x-instance': 'booking-1' })
    await ask(`/bookings/${uuidv7()}`)
    const after = await laterView()
    const more = (name: string) => [
      passed(after, name) - passed(before, name),
      failed(after, name) - failed(before, name),
    ]
    expect(['order', 'booking', 'billing', 'gateway'].map(more)).toEqual([
      [3, 0],
      [1, 1],
      [0, 0],
      [4, 1],
    ])
    expect(of(after, 'booking')).toMatchObject({ isReady: false })
    expect(of(after, 'gateway')).toMatchObject({ isReady: false })
  })

  it('is for operators', async () => {
    expect((await client.get('/console/services', { as: uuidv7() })).status).toBe(403)
    expect((await client.get('/console/services', { as: 'nobody' })).status).toBe(401)
  })
})
