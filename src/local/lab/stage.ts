import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Launch } from '../launcher/start-databases.ts'
import type { Arrows } from './arrows.ts'
import type { Message } from './link/lane.ts'
import {
  createPauses,
  isDefinite,
  type People,
  type Person,
  type Request,
  type Told,
} from './people.ts'
import type { SceneRun, SwitchId } from './state.ts'
import type { Switches } from './switches.ts'

export interface SceneDeps {
  readonly launch: Pick<Launch, 'plan' | 'postgres'>
  readonly arrows: Arrows
  readonly people: People
  readonly switches: Switches
  readonly signal: AbortSignal
}

/** Where a scene is played: one person, one order, and what is done to the services meanwhile. */
export interface StageDeps extends SceneDeps {
  readonly onOrder: (order: Readonly<Record<string, unknown>>) => void
}

const patienceMs = 45_000
const pollMs = 50
const lookEveryMs = 250
const lookTimeoutMs = 2_000

/** The amounts are in hundredths of the currency. */
export const inMoney = (amount: number) => (amount / 100).toFixed(2)

interface Operation {
  readonly kind: string
  readonly amount: number
}

const countOf = (count: number, word: string) => (count === 1 ? `One ${word}` : `${count} ${word}s`)
const timesOf = (count: number) => {
  if (count === 1) return 'once'
  return count === 0 ? 'never' : `${count} times`
}

/** Waits until it is so. */
const createWaiting = (signal: AbortSignal) => async (what: string, isSo: () => boolean) => {
  const untilMs = performance.now() + patienceMs
  while (!isSo()) {
    if (performance.now() > untilMs) {
      throw new Error(`It did not become so in ${patienceMs / 1_000} s: ${what}.`)
    }
    await sleep(pollMs, undefined, { signal })
  }
}

/** Follows the person's one order, also while nobody answers. */
const createFollower = (people: People, { onOrder, signal }: StageDeps) => {
  let order: Readonly<Record<string, unknown>> | undefined
  let letters = 0

  const read = async (person: Person, path: string): Promise<Told['body'] | undefined> => {
    const request: Request = { method: 'GET', path, timeoutMs: lookTimeoutMs }
    const told = await people.ask(person, request)
    return told?.status === 200 ? told.body : undefined
  }
  const look = async (person: Person) => {
    const found =
      order ?? ((await read(person, '/orders?limit=1'))?.['items'] as Told['body'][])?.[0]
    if (found === undefined) return
    order = (await read(person, `/orders/${String(found['id'])}`)) ?? order
    if (order) onOrder(order)
    const kept = await read(person, `/notifications?orderId=${String(found['id'])}`)
    if (kept) letters = (kept['items'] as unknown[]).length
  }
  return {
    read,
    follow: async (person: Person) => {
      while (!signal.aborted) {
        await look(person)
        await sleep(lookEveryMs, undefined, { signal }).catch(() => {})
      }
    },
    status: () => order?.['status'],
    owes: () => order?.['owes'],
    id: () => String(order?.['id']),
    letters: () => letters,
  }
}

interface Facts {
  readonly operations: readonly Operation[]
  readonly balance: number
  readonly letters: number
}

export interface Expected {
  readonly paidIn: number
  readonly price: number
  /** How often billing was asked for the money. */
  readonly asked: number
}

/** Whether it was paid once, and one letter was written, and the sentence that says so. */
export const judge = ({ operations, balance, letters }: Facts, expected: Expected) => {
  const { paidIn, price, asked } = expected
  const paid = operations.filter(({ kind }) => kind === 'WITHDRAW')
  const isPaidOnce = paid.length === 1 && paid[0]?.amount === price && balance === paidIn - price
  const often = asked > 1 ? `, though billing was asked ${asked} times` : ''
  return {
    result: `Paid ${timesOf(paid.length)}${often}: ${inMoney(balance)} of ${inMoney(paidIn)} are left. ${countOf(letters, 'letter')}.`,
    isAsPromised: isPaidOnce && letters === 1,
  }
}

export const createStage = (deps: StageDeps) => {
  const { arrows, people, switches, launch } = deps
  const leaving = new AbortController()
  const signal = AbortSignal.any([deps.signal, leaving.signal])
  const until = createWaiting(signal)
  const follower = createFollower(people, { ...deps, signal })
  const cleanUps: (() => void)[] = []
  let person: Person | undefined
  let price = 0
  let paidIn = 0
  let request: Request | undefined
  let answer: Promise<Told | undefined> = Promise.resolve(undefined)
  /** How often billing was asked. */
  let asked = 0
  /** Decides what becomes of the answer that waits in the link. */
  let release: ((fate: 'passes' | 'is lost') => void) | undefined
  let portOfOrder: number | undefined

  const somebody = () => {
    if (person === undefined) throw new Error('Nobody has come yet.')
    return person
  }
  const isTheirWithdrawal = ({ start, body }: Message) =>
    /^POST \/billing\/(?:accounts\/[^/]+\/withdraw|withdrawals) /.test(start) &&
    `${start}${body}`.includes(somebody().id)

  const holdNextPayment = () => {
    const onAnswer = () =>
      new Promise<'passes' | 'is lost'>((resolve) => {
        release = resolve
      })
    const giveUp = arrows.get('order>billing').setTrap({ isWanted: isTheirWithdrawal, onAnswer })
    cleanUps.push(giveUp, () => release?.('passes'))
  }
  const catchReplica = (key: string) => {
    const giveUp = arrows.get('gateway>order').setTrap({
      isWanted: ({ start, headers }) =>
        start.startsWith('POST /orders ') && headers['idempotency-key'] === key,
      onRequest: (_, connection) => {
        portOfOrder = connection.callee.remotePort
      },
    })
    cleanUps.push(giveUp)
  }

  const used: SwitchId[] = []
  const begin = (id: SwitchId, seconds: number) => {
    used.push(id)
    switches.turnOn(id, seconds)
  }
  const strikesOf = (id: SwitchId) => switches.tell().find((each) => each.id === id)?.strikes ?? 0

  return {
    until,
    begin,
    end: (id: SwitchId) => void switches.turnOff(id),
    strikesOf,
    /** Somebody signs up, and has money. */
    arrive: async (amount: number) => {
      person = await people.signUp('scene')
      paidIn = amount
      await people.deposit(person, amount)
      cleanUps.push(
        arrows.get('order>billing').listen((message) => {
          if (isTheirWithdrawal(message)) asked += 1
        }),
      )
      void follower.follow(person).catch(() => {})
    },
    /** They order. The answer is awaited elsewhere, and that of billing may be held. */
    order: (amount: number, { isHeld = false } = {}) => {
      const key = randomUUID()
      price = amount
      request = { method: 'POST', path: '/orders', key, body: { price: amount } }
      if (isHeld) holdNextPayment()
      catchReplica(key)
      answer = people.ask(somebody(), request).catch(() => undefined)
    },
    /** Waits until billing's answer to the withdrawal is on its way, and keeps it there. */
    holdPayment: () => until('billing answers the withdrawal', () => release !== undefined),
    passAnswer: () => release?.('passes'),
    loseAnswer: () => release?.('is lost'),
    /** The process of order that works on it. */
    replicaAtWork: (): 'order' | 'order-2' =>
      portOfOrder === launch.plan.lab?.secondOrderPort ? 'order-2' : 'order',
    /** What the person was told first; undefined if nobody answered. */
    told: () => answer,
    /** They ask again, with the same key, until they are told how it ended. */
    askAgain: async (): Promise<Told> => {
      const pause = createPauses(signal)
      for (let told = await answer; ; told = request && (await people.ask(somebody(), request))) {
        if (isDefinite(told)) return told
        await pause()
      }
    },
    isDecided: () =>
      until(
        'the order is decided',
        () => ![undefined, 'PENDING'].includes(follower.status() as string),
      ),
    hasLetter: () =>
      until('its letter is written', () => follower.owes() === false && follower.letters() > 0),
    owesLetter: () =>
      until(
        'the order is paid, and owes a letter',
        () => follower.status() === 'APPROVED' && follower.owes() === true,
      ),
    asked: () => asked,
    postgresIsDown: () => until('Postgres is down', () => launch.postgres === undefined),
    /** What billing and notification know of it in the end. */
    judge: async (): Promise<Pick<SceneRun, 'result' | 'isAsPromised'>> => {
      const account = `/billing/accounts/${somebody().id}`
      const [purse, statement, kept] = await Promise.all(
        [account, `${account}/operations?limit=100`, `/notifications?orderId=${follower.id()}`].map(
          async (path) => {
            const pause = createPauses(signal)
            // Somebody may break more than the scene does.
            for (;;) {
              const found = await follower.read(somebody(), path)
              if (found) return found
              await pause()
            }
          },
        ),
      )
      const facts = {
        operations: statement?.['items'] as Operation[],
        balance: Number(purse?.['balance']),
        letters: (kept?.['items'] as unknown[]).length,
      }
      return judge(facts, { paidIn, price, asked })
    },
    leave: () => {
      leaving.abort()
      for (const cleanUp of cleanUps) cleanUp()
      for (const id of used) switches.turnOff(id)
    },
  }
}

export type Stage = ReturnType<typeof createStage>
