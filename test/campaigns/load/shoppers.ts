import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { createActor, newOrder, signUp, type Actor, type Request } from '../../lab/actors.ts'
import { book, hourMs, newCompany, newOffer, someCategory } from '../../lab/booking-requests.ts'
import { createHistory } from '../../judge/history.ts'
import { authorizationOf } from '../../lab/wallet.ts'
import { createWire, type Wire } from '../fuzz/wire.ts'

/**
 * Many clients. Each places one order after the other, or offers a time and books it, as fast as it
 * is served, and keeps the key of an errand until it knows the outcome.
 */
export interface Tally {
  readonly seconds: number
  /** Orders and bookings that were confirmed in that time. */
  readonly confirmed: number
  readonly confirmedMs: readonly number[]
  readonly refused: number
  readonly refusedMs: readonly number[]
  /** 202, 502, 504 and cut connections: the outcome is not known. */
  readonly open: number
  /** Answers that are wrong under any load. */
  readonly wrong: readonly string[]
}

interface Rhythm {
  readonly pauseMs?: number
  readonly thinkMs?: number
}

type ErrandKind = 'order' | 'offer' | 'booking'

/** One request of a client, with its key. */
interface Errand {
  readonly kind: ErrandKind
  readonly key: string
  /** Who asks. */
  readonly userId: string
  readonly path: string
  readonly body: unknown
}

export interface ShoppersOptions {
  readonly accounts?: number
  /** How many of the errands are about bookings. */
  readonly bookingShare?: number
}

const startBalance = 9_000_000_000_000
const patienceMs = 15_000

export const percentile = (values: readonly number[], share: number): number => {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

const drawPrice = () => 1 + Math.floor(Math.random() * 10_000)

const errandOf = (kind: ErrandKind, userId: string, { path, body }: Request): Errand => ({
  kind,
  key: randomUUID(),
  userId,
  path,
  body,
})

/** What there is to do next, with a company if anything is to be booked. */
const createErrands = async (actor: Actor, users: readonly string[], bookingShare: number) => {
  const anybody = () => users[Math.floor(Math.random() * users.length)]!
  const managerId = users[0]!
  const makeCompany = async () => {
    const { status, body } = await actor.decided<{ readonly id: string }>(newCompany(managerId))
    if (status !== 201) throw new Error(`POST /companies was answered ${status}`)
    return { companyId: body.id, categoryId: await someCategory(actor) }
  }
  const offered = bookingShare > 0 ? await makeCompany() : undefined

  /** Who has offered a time sends somebody who books it. */
  return (last?: Errand, told = ''): Errand => {
    if (last?.kind === 'offer') {
      const { id } = JSON.parse(told) as { readonly id: string }
      const userId = anybody()
      return errandOf('booking', userId, book(userId, id))
    }
    if (offered !== undefined && Math.random() < bookingShare) {
      const startsMs = Date.now() + 100 * hourMs
      const offer = newOffer({ managerId, ...offered, price: drawPrice(), startsMs })
      return errandOf('offer', managerId, offer)
    }
    const userId = anybody()
    return errandOf('order', userId, newOrder(userId, drawPrice()))
  }
}

export const createShoppers = async (
  baseUrl: string,
  { accounts = 64, bookingShare = 0 }: ShoppersOptions = {},
) => {
  const actor = createActor({ baseUrl, history: createHistory(), name: 'shopper' })
  const users: string[] = []
  while (users.length < accounts) {
    const made = await Promise.all([0, 1, 2, 3].map(() => signUp(actor, startBalance)))
    users.push(...made.map(({ id }) => id))
  }
  /** What each user shows: known before the clock starts, so that nobody signs in meanwhile. */
  const tokens = new Map<string, string>()
  const getTokens = async () => {
    const signal = AbortSignal.timeout(patienceMs)
    const asked = { method: 'POST', path: '/orders' }
    for (const userId of users) {
      const authorization = await authorizationOf(baseUrl, { ...asked, as: userId }, signal)
      tokens.set(userId, authorization ?? '')
    }
  }
  const nextErrand = await createErrands(actor, users, bookingShare)
  /** Errands that were sent and are not decided yet. */
  const unsettled = new Map<string, Errand>()
  /** What each key was told. It must always be the same. */
  const told = new Map<string, string>()
  const counts: Record<ErrandKind, number> = { order: 0, offer: 0, booking: 0 }

  const post = async (wire: Wire, { key, userId, path, body: said }: Errand) => {
    const { status, headers, body } = await wire.send({
      method: 'POST',
      path,
      headers: [
        ['content-type', 'application/json'],
        ['idempotency-key', key],
        ['authorization', tokens.get(userId) ?? ''],
      ],
      body: Buffer.from(JSON.stringify(said)),
    })
    return { status, headers, text: body.toString('utf8') }
  }

  /** Makes one attempt. Returns what was told when the errand is done. */
  const attempt = async (
    wire: Wire,
    errand: Errand,
    tally: { -readonly [Key in keyof Tally]: Tally[Key] },
  ): Promise<string | undefined> => {
    const startMs = performance.now()
    unsettled.set(errand.key, errand)
    try {
      const { status, headers, text } = await post(wire, errand)
      const ms = performance.now() - startMs
      if (status === 201) {
        const before = told.get(errand.key)
        if (before !== undefined && before !== text) {
          ;(tally.wrong as string[]).push(`key ${errand.key} was told ${before} and then ${text}`)
        }
        if (before === undefined) counts[errand.kind] += 1
        told.set(errand.key, text)
        unsettled.delete(errand.key)
        if (errand.kind !== 'offer') tally.confirmed += 1
        ;(tally.confirmedMs as number[]).push(ms)
        return text
      }
      if (
        status === 503 &&
        headers['retry-after'] !== undefined &&
        text.includes('"code":"overloaded"')
      ) {
        tally.refused += 1
        ;(tally.refusedMs as number[]).push(ms)
        return undefined
      }
      tally.open += 1
      const mayBe = [202, 502, 503, 504].includes(status) && headers['retry-after'] !== undefined
      if (!mayBe) (tally.wrong as string[]).push(`${status} ${text}`)
    } catch {
      tally.open += 1
    }
    return undefined
  }

  /**
   * Runs so many clients for so long. A refused client comes back after about `pauseMs`, and one
   * that was served thinks for about `thinkMs`.
   */
  const run = async (
    clients: number,
    seconds: number,
    { pauseMs = 1_000, thinkMs = 0 }: Rhythm = {},
  ): Promise<Tally> => {
    await getTokens()
    const wire = createWire(baseUrl, patienceMs)
    const tally = {
      seconds,
      confirmed: 0,
      confirmedMs: [],
      refused: 0,
      refusedMs: [],
      open: 0,
      wrong: [],
    }
    const untilMs = performance.now() + seconds * 1_000
    const client = async () => {
      // The clients must not all start in the same millisecond.
      await sleep(Math.random() * Math.min(pauseMs, clients))
      let errand = nextErrand()
      while (performance.now() < untilMs) {
        const text = await attempt(wire, errand, tally)
        if (text !== undefined) errand = nextErrand(errand, text)
        const aboutMs = text === undefined ? pauseMs : thinkMs
        if (aboutMs === 0) continue
        const leftMs = Math.max(untilMs - performance.now(), 0)
        await sleep(Math.min(aboutMs * (0.5 + Math.random()), leftMs))
      }
    }
    await Promise.all(Array.from({ length: clients }, client))
    wire.close()
    return tally
  }

  /** Repeats each errand until it is decided. */
  const settle = async (
    withinMs: number,
  ): Promise<{ readonly settled: number; readonly wrong: readonly string[] }> => {
    await getTokens()
    const wire = createWire(baseUrl, patienceMs)
    const errands = [...unsettled.values()]
    const tally = {
      seconds: 0,
      confirmed: 0,
      confirmedMs: [],
      refused: 0,
      refusedMs: [],
      open: 0,
      wrong: [] as string[],
    }
    const untilMs = performance.now() + withinMs
    const queue = [...errands]
    const client = async () => {
      for (let errand = queue.shift(); errand; errand = queue.shift()) {
        while ((await attempt(wire, errand, tally)) === undefined) {
          if (performance.now() > untilMs) throw new Error(`errand ${errand.key} was never decided`)
          await sleep(200)
        }
      }
    }
    await Promise.all(Array.from({ length: 16 }, client))
    wire.close()
    return { settled: errands.length, wrong: tally.wrong }
  }

  return { run, settle, countTold: (kind: ErrandKind) => counts[kind] }
}

export type Shoppers = Awaited<ReturnType<typeof createShoppers>>
