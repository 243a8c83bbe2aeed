import { setTimeout as sleep } from 'node:timers/promises'
import { createHistory } from '../../judge/history.ts'
import { createActor, type Reply } from '../../lab/actors.ts'
import { book, cancelBooking } from '../../lab/booking-requests.ts'
import { runLoad } from '../../lab/load.ts'
import type { Shop } from './shop.ts'

/** What was done in a time without faults. */
interface Done {
  readonly requests: number
  readonly bookings: number
  readonly audits: number
}

const clients = 8
const thinkMs = 200
const bookEveryMs = 1_000
const cancelEvery = 4
const auditEveryMs = 300_000

interface Booking {
  readonly id: string
}

const expectStatus = ({ status, body }: Reply<unknown>, wanted: number) => {
  if (status !== wanted) throw new Error(`answered ${status}: ${JSON.stringify(body)}`)
}

/** Does something again and again until it is time to stop, and counts. */
const again = async (
  signal: AbortSignal,
  everyMs: number,
  act: (count: number) => Promise<void>,
) => {
  let count = 0
  while (!signal.aborted) {
    count += 1
    await act(count)
    await sleep(everyMs, undefined, { signal }).catch(() => {})
  }
  return count
}

/**
 * The life of a shop: people order, change and pay in, somebody books a time and gives some of them
 * back, and the books are compared now and then. Whatever is answered in another way than it should
 * be ends the run.
 */
export const liveWithoutFaults = async (shop: Shop, minutes: number): Promise<Done> => {
  const { system, customer } = shop
  const signal = AbortSignal.timeout(minutes * 60_000)
  const history = createHistory()
  const actor = createActor({ baseUrl: system.urls.gateway, history, name: 'guest' })

  const bookOne = async (count: number) => {
    const booked = await actor.decided<Booking>(book(customer.id, await shop.newOfferId()))
    expectStatus(booked, 201)
    if (count % cancelEvery > 0) return
    expectStatus(await actor.decided(cancelBooking(customer.id, booked.body.id)), 200)
  }

  const [, bookings, audits] = await Promise.all([
    runLoad({ system, history, clients, steps: Infinity, seed: 1, signal, thinkMs }),
    again(signal, bookEveryMs, bookOne),
    again(signal, auditEveryMs, shop.audit),
  ])
  return { requests: history.exchanges.length, bookings, audits }
}
