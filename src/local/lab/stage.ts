import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Launch } from '../launcher/start-databases.ts'
import type { Arrows } from './arrows.ts'
import { createFollower, type Follower } from './follower.ts'
import { judge } from './judgement.ts'
import { watchPayment, type Payment } from './payment.ts'
import {
  createPauses,
  isDefinite,
  type People,
  type Person,
  type Request,
  type Told,
} from './people.ts'
import type { SwitchId } from './state.ts'
import type { Switches } from './switches.ts'

export interface SceneDeps {
  readonly launch: Pick<Launch, 'plan' | 'postgres'>
  readonly arrows: Arrows
  readonly people: People
  readonly switches: Switches
  readonly signal: AbortSignal
}

export interface StageDeps extends SceneDeps {
  readonly onOrder: (order: Told['body']) => void
}

const patienceMs = 45_000
const pollMs = 50

/** Somebody with money, and what is seen of their one order. */
interface Customer {
  readonly person: Person
  readonly paidIn: number
  readonly key: string
  readonly payment: Payment
  readonly follower: Follower
}

/** An order, and the first answer to it. */
interface Asked {
  readonly price: number
  readonly request: Request
  readonly answer: Promise<Told | undefined>
}

const bring = async (deps: StageDeps, paidIn: number): Promise<Customer> => {
  const { people, arrows, launch, onOrder, signal } = deps
  const person = await people.signUp('scene')
  await people.deposit(person, paidIn)
  const key = randomUUID()
  const secondOrderPort = launch.plan.lab?.secondOrderPort
  return {
    person,
    paidIn,
    key,
    payment: watchPayment({ arrows, userId: person.id, key, secondOrderPort }),
    follower: createFollower({ people, person, onOrder, signal }),
  }
}

const begun = <Value>(value: Value | undefined): Value => {
  if (value === undefined) throw new Error('The scene is not so far.')
  return value
}

/** Where a scene is played: one person, one order, and what is done to the services meanwhile. */
export const createStage = (deps: StageDeps) => {
  const { people, switches, launch } = deps
  const leaving = new AbortController()
  const signal = AbortSignal.any([deps.signal, leaving.signal])
  const used: SwitchId[] = []
  let customer: Customer | undefined
  let asked: Asked | undefined

  const until = async (what: string, isSo: () => boolean) => {
    for (const untilMs = performance.now() + patienceMs; !isSo();) {
      if (performance.now() > untilMs) {
        throw new Error(`It did not become so in ${patienceMs / 1_000} s: ${what}.`)
      }
      await sleep(pollMs, undefined, { signal })
    }
  }
  const payment = () => begun(customer).payment
  const follower = () => begun(customer).follower

  return {
    payment,
    /** Breaks something, at the longest until the scene ends. */
    begin: (id: SwitchId, seconds: number) => {
      used.push(id)
      switches.turnOn(id, seconds)
    },
    end: (id: SwitchId) => void switches.turnOff(id),
    /** Somebody signs up, and puts money on their account. */
    arrive: async (amount: number) => {
      const arrived = await bring({ ...deps, signal }, amount)
      // The scene may be over by now.
      if (signal.aborted) arrived.payment.end()
      customer = arrived
    },
    /** They order. Nobody waits for the answer here. */
    order: (price: number) => {
      const { person, key } = begun(customer)
      const request: Request = { method: 'POST', path: '/orders', key, body: { price } }
      asked = { price, request, answer: people.ask(person, request).catch(() => undefined) }
    },
    /** What they were told first; undefined if nobody answered. */
    told: () => begun(asked).answer,
    /** They ask again, with the same key, until they are told how it ended. */
    askAgain: async () => {
      const { person } = begun(customer)
      const { request, answer } = begun(asked)
      const pause = createPauses(signal)
      for (let told = await answer; !isDefinite(told); told = await people.ask(person, request)) {
        await pause()
      }
    },
    isHeld: () => until('billing answers the withdrawal', () => payment().isHeld()),
    isAskedAgain: () => until('billing is asked a second time', () => payment().asked() > 1),
    isSentTwice: (...ids: readonly SwitchId[]) =>
      until('it arrives twice', () =>
        ids.every((id) => switches.tell().some((each) => each.id === id && each.strikes > 0)),
      ),
    isPostgresDown: () => until('Postgres is down', () => launch.postgres === undefined),
    isDecided: () => until('the order is decided', () => follower().isDecided()),
    owesLetter: () =>
      until('it is paid, and owes a letter', () => follower().isApproved() && follower().owes()),
    hasLetter: () =>
      until('its letter is written', () => !follower().owes() && follower().letters() > 0),
    judge: async () => {
      const { paidIn } = begun(customer)
      const { price } = begun(asked)
      return judge(await follower().facts(), { paidIn, price, asked: payment().asked() })
    },
    leave: () => {
      leaving.abort()
      customer?.payment.end()
      for (const id of used) switches.turnOff(id)
    },
  }
}

export type Stage = ReturnType<typeof createStage>
