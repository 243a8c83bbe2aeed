import { newOrder, newUser, type Request } from '../../lab/actors.ts'
import { book } from '../../lab/booking-requests.ts'
import { placesOfGateway, type Shop } from './shop.ts'
import type { Labels } from './told.ts'

/** A fault that really happens, the alerts that must tell it, and those that may tell it as well. */
export interface Scenario {
  readonly name: string
  readonly fires: readonly Labels[]
  readonly mayFire?: readonly Labels[]
  /** Begins the fault, and returns how to mend it. */
  readonly begin: (shop: Shop) => Promise<() => Promise<void>>
}

const alert = (alertname: string, labels: Labels = {}): Labels => ({ alertname, ...labels })
const get = (path: string): Request => ({ method: 'GET', path })

const resetting = (shop: Shop, way: string) => {
  const { end } = shop.link(way).begin({ kind: 'reset' })
  return async () => end()
}

const notificationAway: Scenario = {
  name: 'notification does not answer order',
  fires: [alert('LetterOwedTooLong', { saga: 'orders' })],
  begin: async (shop) => {
    const mend = resetting(shop, 'order-1→notification')
    await shop.asks.attempt(newOrder(shop.customer.id, 100))
    return mend
  },
}

const billingAway: Scenario = {
  name: 'billing does not answer booking, and times are lost',
  fires: [alert('UndecidedTooLong', { saga: 'bookings' }), alert('HoldsEndTooOften')],
  begin: async (shop) => {
    const offers = []
    for (let count = 0; count < 8; count += 1) offers.push(await shop.newOfferId())
    const mend = resetting(shop, 'booking-1→billing')
    for (const offer of offers) await shop.asks.attempt(book(shop.customer.id, offer))
    return mend
  },
}

const rowLocked: Scenario = {
  name: 'somebody holds a lock on a row that is due',
  fires: [alert('RecoveryBehind', { saga: 'users' })],
  mayFire: [alert('UndecidedTooLong', { saga: 'users' })],
  begin: async (shop) => {
    const mend = resetting(shop, 'user-1→billing')
    await shop.asks.attempt(newUser(`locked-${shop.newId().slice(-12)}`))
    const unlock = await shop.lock('user', 'select from users where due_at is not null for update')
    return async () => {
      await unlock()
      await mend()
    }
  },
}

const guessing: Scenario = {
  name: 'somebody tries tokens',
  fires: [alert('AccessRefusedOften', { service: 'gateway', reason: 'bad-token' })],
  begin: async (shop) =>
    shop.repeat(50, () =>
      fetch(`${shop.system.urls.gateway}/orders`, { headers: { authorization: 'Bearer a.b.c' } }),
    ),
}

const collectorAway: Scenario = {
  name: 'the collector of traces takes nothing',
  fires: [alert('SpansDropped', { service: 'gateway' })],
  mayFire: [alert('SpansDropped')],
  begin: async (shop) => {
    shop.collect(false)
    const stop = shop.repeat(500, () => shop.asks.attempt(get('/categories')))
    return async () => {
      await stop()
      shop.collect(true)
    }
  },
}

const booksForged: Scenario = {
  name: 'a balance is changed by hand, and the audit that finds it is hours old',
  fires: [alert('BooksWrong'), alert('BooksTooOld')],
  begin: async (shop) => {
    const change = (by: number) =>
      shop.forge(
        'billing',
        `update accounts set balance = balance + ${by} where user_id = '${shop.customer.id}'`,
      )
    await change(1)
    await shop.audit()
    await shop.forge(
      'billing',
      "update books_verdicts set started_at = started_at - interval '4 hours'",
    )
    return async () => {
      await change(-1)
      await shop.audit()
    }
  },
}

const serviceKilled: Scenario = {
  name: 'notification is killed',
  fires: [alert('ServiceDown', { service: 'notification' })],
  begin: async ({ system }) => {
    await system.kill('notification')
    return () => system.start('notification')
  },
}

const databaseAway: Scenario = {
  name: 'the database of company is away, and people ask',
  fires: [
    alert('DatabaseAway', { service: 'company' }),
    alert('ErrorRateHigh', { service: 'company' }),
    alert('ErrorRateHigh', { service: 'gateway' }),
  ],
  mayFire: [
    alert('LatencyHigh', { service: 'company' }),
    alert('LatencyHigh', { service: 'gateway' }),
    alert('PoolExhausted', { service: 'company' }),
  ],
  begin: async (shop) => {
    const mend = resetting(shop, 'company-1→database')
    const stop = shop.repeat(200, () => shop.asks.attempt(get('/categories')))
    return async () => {
      await stop()
      await mend()
    }
  },
}

const tableLocked: Scenario = {
  name: 'somebody holds a lock on the table of changes, and one is due',
  fires: [alert('RecoveryStandsStill', { saga: 'order_changes' })],
  mayFire: [
    alert('RecoveryBehind', { saga: 'order_changes' }),
    alert('UndecidedTooLong', { saga: 'order_changes' }),
  ],
  begin: async (shop) => {
    const placed = await shop.asks.acknowledged<{ readonly id: string }>(
      newOrder(shop.customer.id, 100),
    )
    const mend = resetting(shop, 'order-1→billing')
    const path = `/orders/${placed.body.id}`
    await shop.asks.attempt({ method: 'PATCH', path, key: shop.newId(), body: { price: 200 } })
    // Reads go on, and `for update` does not.
    const unlock = await shop.lock('order', 'lock table order_changes in exclusive mode')
    return async () => {
      await unlock()
      await mend()
    }
  },
}

const tableUnreadable: Scenario = {
  name: 'somebody holds a lock against readers on the table of letters about deposits',
  fires: [alert('SagaUnreadable', { service: 'billing', saga: 'deposit_letters' })],
  begin: (shop) => shop.lock('billing', 'lock table deposit_letters in access exclusive mode'),
}

const slowWay: Scenario = {
  name: 'the way from the gateway to order is slow',
  fires: [alert('LatencyHigh', { service: 'gateway' })],
  // The table that it reads is locked by the fault beside this one.
  mayFire: [alert('ErrorRateHigh', { service: 'gateway' })],
  begin: async (shop) => {
    const { end } = shop.link('gateway-1→order').begin({ kind: 'delay', delayMs: 700 })
    const stop = shop.repeat(250, () =>
      shop.asks.attempt(get(`/orders?userId=${shop.customer.id}`)),
    )
    return async () => {
      await stop()
      end()
    }
  },
}

const poolExhausted: Scenario = {
  name: 'somebody holds a lock on the table of orders, and people ask',
  fires: [alert('PoolExhausted', { service: 'order' })],
  mayFire: [
    alert('LatencyHigh', { service: 'order' }),
    alert('ErrorRateHigh', { service: 'order' }),
    alert('DatabaseAway', { service: 'order' }),
    alert('SagaUnreadable', { service: 'order' }),
    alert('RecoveryStandsStill'),
  ],
  begin: async (shop) => {
    const unlock = await shop.lock('order', 'lock table orders in access exclusive mode')
    const stop = shop.repeat(100, () =>
      shop.asksOrder.attempt(get(`/orders?userId=${shop.customer.id}`)),
    )
    return async () => {
      await unlock()
      await stop()
    }
  },
}

const overloaded: Scenario = {
  name: 'billing is paused, and more ask than the gateway has places',
  fires: [alert('Overloaded', { service: 'gateway' })],
  mayFire: [
    alert('ServiceDown', { service: 'billing' }),
    alert('LatencyHigh', { service: 'gateway' }),
    alert('ErrorRateHigh', { service: 'gateway' }),
  ],
  begin: async (shop) => {
    shop.system.pause('billing')
    const askers = Array.from({ length: 2 * placesOfGateway }, () =>
      shop.repeat(1_000, () => shop.asks.attempt(get(`/billing/accounts/${shop.customer.id}`))),
    )
    return async () => {
      shop.system.resume('billing')
      await Promise.all(askers.map((stop) => stop()))
    }
  },
}

/** Faults that do not touch each other happen at the same time. */
export const waves: readonly (readonly Scenario[])[] = [
  [notificationAway, billingAway, rowLocked, guessing, collectorAway],
  [serviceKilled, databaseAway, tableLocked, tableUnreadable],
  [poolExhausted, slowWay],
  [overloaded],
  [booksForged],
]
