import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { Pool } from 'undici'
import { uuidv7 } from '../src/platform/base/ids.ts'
import { answerBench, endWithBench } from './lib/ipc.ts'

/**
 * The same chain of HTTP calls without the work: gateway → order → billing, then order →
 * notification, in four processes, with the same server, client and framework, and bodies of the
 * same size. There is no validation, no database, no keys, no logs and no metrics: what remains is
 * the cost of the hops.
 */
const createPool = (url: string) => new Pool(url, { connections: 256, pipelining: 1 })

const post = async (pool: Pool, path: string, body: unknown): Promise<unknown> => {
  const { body: answer } = await pool.request({
    method: 'POST',
    path,
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', 'x-request-id': uuidv7() },
  })
  return answer.json()
}

const chainGateway = (orderUrl: string) => {
  const pool = createPool(orderUrl)
  return new Hono().post('/orders', async (c) => {
    const { statusCode, body } = await pool.request({
      method: 'POST',
      path: '/orders',
      body: await c.req.text(),
      headers: { 'content-type': 'application/json', 'x-request-id': uuidv7() },
    })
    return c.body(await body.text(), statusCode as 201, { 'content-type': 'application/json' })
  })
}

interface Wanted {
  readonly userId: string
  readonly price: number
  readonly description: string
}

const chainOrder = (billingUrl: string, notificationUrl: string) => {
  const billing = createPool(billingUrl)
  const notification = createPool(notificationUrl)
  return new Hono().post('/orders', async (c) => {
    const { userId, price, description } = await c.req.json<Wanted>()
    const id = uuidv7()
    await post(billing, `/billing/accounts/${userId}/withdraw`, { amount: price })
    await post(notification, '/notifications', {
      key: `${id}:ORDER_APPROVED`,
      userId,
      email: `${userId}@example.com`,
      orderId: id,
      kind: 'ORDER_APPROVED',
      amount: price,
    })
    const createdAt = new Date().toISOString()
    const status = 'APPROVED'
    return c.json({ id, userId, price, description, status, reason: null, createdAt }, 201)
  })
}

const chainBilling = () =>
  new Hono().post('/billing/accounts/:userId/withdraw', async (c) => {
    const { amount } = await c.req.json<{ amount: number }>()
    const userId = c.req.param('userId')
    const createdAt = new Date().toISOString()
    const balance = 999_999_999_900
    const about = { kind: 'WITHDRAW', amount, status: 'DONE', reason: null, balanceAfter: balance }
    return c.json({
      operation: { id: uuidv7(), userId, ...about, createdAt },
      account: { userId, email: `${userId}@example.com`, balance, createdAt },
    })
  })

const chainNotification = () =>
  new Hono().post('/notifications', async (c) => {
    const { userId, email, kind, orderId, amount } =
      await c.req.json<Record<string, string | number>>()
    const subject = 'Hooray! Your order for 1.00 ₽ is paid'
    const body = `Good news: we took 1.00 ₽ from your account, and order ${orderId} is yours.`
    const createdAt = new Date().toISOString()
    return c.json(
      { id: uuidv7(), userId, email, kind, orderId, amount, subject, body, createdAt },
      201,
    )
  })

const apps: Record<string, (...urls: string[]) => Hono> = {
  gateway: (order = '') => chainGateway(order),
  order: (billing = '', notification = '') => chainOrder(billing, notification),
  billing: chainBilling,
  notification: chainNotification,
}

const [role = '', ...urls] = process.argv.slice(2)
const createApp = apps[role]
if (!createApp) throw new Error(`usage: chain.ts ${Object.keys(apps).join('|')} [upstream…]`)

const listening = new Promise<string>((resolve) => {
  serve({ fetch: createApp(...urls).fetch, port: 0, hostname: '127.0.0.1' }, (info) =>
    resolve(`http://127.0.0.1:${info.port}`),
  )
})

endWithBench()
answerBench({ address: () => listening })
