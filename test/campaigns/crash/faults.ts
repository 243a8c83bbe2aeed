import { setTimeout as sleep } from 'node:timers/promises'
import type { ServiceName } from '../../../src/registry.ts'
import type { DeliverLate } from '../../../src/local/lab/link/faults.ts'
import type { Instance } from './instance.ts'
import { calleeOf, type Place } from './points.ts'
import { times, type System } from './system.ts'

/** What the test does to a process that stopped at a point, before the process goes on. */
export interface Struck {
  readonly system: System
  readonly place: Place
  readonly from: { readonly service: ServiceName; readonly instance?: Instance }
  /** For the log. The first note of a fault also proves that it struck. */
  readonly note: (text: string) => void
  /** Work beside the run. The run waits for it before it judges. */
  readonly meanwhile: (work: Promise<unknown>) => void
  /** Work for the time after the scenario. */
  readonly atEnd: (work: () => Promise<void>) => void
}

export interface Fault {
  readonly name: string
  readonly letter: string
  readonly isPossibleAt: (place: Place) => boolean
  readonly strike: (struck: Struck) => Promise<void>
}

/** The gateway stores nothing, so only its calls need a fault. */
const inService = ({ service }: Place) => service !== 'gateway'

const instanceIn = ({ from }: Struck): Instance => {
  if (!from.instance) throw new Error('only a process can be struck')
  return from.instance
}

const kill: Fault = {
  name: 'the process is killed',
  letter: 'K',
  isPossibleAt: inService,
  strike: async (struck) => {
    const { system, note, meanwhile } = struck
    const instance = instanceIn(struck)
    await instance.kill()
    note(`${instance.service} (${instance.pid}) was killed`)
    // A replica that has taken over goes on by itself.
    if (system.current(instance.service) === instance) {
      meanwhile(system.takeOver(instance.service))
    }
  },
}

const cutPatienceMs = 1_000

const cutDatabase: Fault = {
  name: 'its database connections are killed',
  letter: 'C',
  isPossibleAt: inService,
  strike: async ({ system, note, place }) => {
    const cut = await system.postgres.cutConnections(place.service, cutPatienceMs)
    note(`${cut} database connections of ${place.service} were killed`)
  },
}

const crashPostgres: Fault = {
  name: 'Postgres stops at once and starts again',
  letter: 'P',
  isPossibleAt: inService,
  strike: async ({ system, note, meanwhile }) => {
    await system.postgres.crash()
    note('Postgres was stopped at once')
    meanwhile(system.postgres.start().then(() => note('Postgres runs again')))
  },
}

/** Time for the other replica to find and finish the rows. */
const afterLeaseMs = 250

const pause: Fault = {
  name: 'the process stands still past its lease',
  letter: 'S',
  isPossibleAt: inService,
  strike: async (struck) => {
    const { system, note, meanwhile } = struck
    const instance = instanceIn(struck)
    instance.signal('SIGSTOP')
    note(`${instance.service} (${instance.pid}) stands still; another replica goes on`)
    const goOn = async () => {
      await system.relieve(instance.service)
      await sleep(times.LEASE_MS + afterLeaseMs)
      instance.signal('SIGCONT')
      note(`${instance.service} (${instance.pid}) goes on where it stood`)
    }
    meanwhile(goOn())
  },
}

const linkFor = ({ system, place }: Struck) =>
  system.linkBetween(place.service, calleeOf(place.name))

const loseAnswer: Fault = {
  name: 'the answer is lost after the work was done',
  letter: 'A',
  isPossibleAt: ({ phase }) => phase === 'before',
  strike: async (struck) => {
    const { place, note } = struck
    const link = place.kind === 'call' ? linkFor(struck) : instanceIn(struck).database
    link.begin({ kind: 'lose-answer', onStruck: note })
  },
}

/** A call arrives once more. Postgres' connections do not repeat anything. */
const canBeLate = ({ kind, phase }: Place) => phase === 'before' || kind === 'call'

/**
 * `isSoon`: the message arrives while the caller tries again; otherwise at the very end, when
 * everything has moved on. A statement of that kind is lost silently, so that its sender waits
 * until its own deadline.
 */
const strikeLate =
  (isSoon: boolean) =>
  async (struck: Struck): Promise<void> => {
    const { place, note, meanwhile, atEnd } = struck
    const onStruck = (what: string, deliver: DeliverLate) => {
      note(what)
      const deliverAndTell = async () => note(await deliver())
      if (isSoon) meanwhile(deliverAndTell())
      else atEnd(deliverAndTell)
    }
    if (place.kind === 'statement') {
      const { database } = instanceIn(struck)
      const caller = isSoon ? 'is cut off' : 'hears nothing'
      database.begin({ kind: 'hold', caller, onStruck })
    } else if (place.phase === 'before') {
      linkFor(struck).begin({ kind: 'hold', caller: 'gives up', onStruck })
    } else {
      const again = linkFor(struck).lastAgain()
      if (again) onStruck(`${place.name} will arrive once more`, again)
    }
  }

const deliverLate: Fault = {
  name: 'the request arrives when the caller has given up',
  letter: 'L',
  isPossibleAt: canBeLate,
  strike: strikeLate(true),
}

const deliverLast: Fault = {
  name: 'the request arrives after everything else',
  letter: 'E',
  isPossibleAt: canBeLate,
  strike: strikeLate(false),
}

export const faults: readonly Fault[] = [
  kill,
  cutDatabase,
  crashPostgres,
  pause,
  loseAnswer,
  deliverLate,
  deliverLast,
]
