import { setTimeout as sleep } from 'node:timers/promises'
import type { Checkpoint } from '../../src/platform/checkpoints.ts'
import { serviceNames } from '../../src/registry.ts'
import { createHistory } from '../support/history.ts'
import { audit } from './audit.ts'
import type { Fault, Struck } from './faults.ts'
import { repeatEverything, travel } from './journey.ts'
import { claimedTable, isClaim, placeName, type Place, type Point } from './points.ts'
import type { Memory } from './scenario.ts'
import type { OnCheckpoint, System } from './system.ts'
import type { Variant } from './variants.ts'

/** One run: the scenario for a new user, with no, one or two faults, and the judgement. */
export interface Strike {
  readonly fault: Fault
  /** The first is struck at exactly this visit, a second one at the next visit of its place. */
  readonly at: Point | Place
}

export interface RunPlan {
  readonly variant: Variant
  readonly strikes: readonly Strike[]
}

export interface RunResult {
  /** Every visit, in order. */
  readonly points: readonly Point[]
  /** The visits after the first fault, in order. */
  readonly pointsAfterFault: readonly Point[]
  /** How many of the strikes really happened. */
  readonly struck: number
  readonly complaints: readonly string[]
  readonly events: readonly string[]
  readonly ms: number
}

const owedPatienceMs = 30_000
const quietForMs = 4
/** Without faults everything that began also ends; with them some things never do. */
const quietPatienceMs = { undisturbed: 1_000, disturbed: 80 } as const
const pollMs = 15
const keptWords = 1_500

const isAt = (wanted: Point | Place, point: Point) =>
  placeName(wanted) === placeName(point) &&
  (!('nth' in wanted) || (wanted.epoch === point.epoch && wanted.nth === point.nth))

let runs = 0

const newMemory = (): Memory => {
  runs += 1
  return { tag: `u${process.pid}-${runs}-${Date.now().toString(36)}`, userId: '', orderId: '' }
}

/** What happens in a run, in the order in which it was seen. */
const createJournal = () => {
  const startMs = performance.now()
  const events: string[] = []
  return {
    events,
    elapsedMs: () => performance.now() - startMs,
    note: (text: string) => {
      events.push(`${(performance.now() - startMs).toFixed(0).padStart(7)} ms  ${text}`)
    },
  }
}

type Journal = ReturnType<typeof createJournal>

/** Counts visits by epoch, and knows when nothing is under way. */
const createTracker = ({ note }: Journal) => {
  const points: Point[] = []
  const visits = new Map<string, number>()
  let epoch = ''
  let underWay = 0
  let lastMs = performance.now()
  return {
    points,
    visit: (place: Place, variant: string): Point => {
      const key = `${epoch} ${placeName(place)}`
      const nth = (visits.get(key) ?? 0) + 1
      visits.set(key, nth)
      const point = { ...place, variant, epoch, nth }
      points.push(point)
      if (place.service !== 'gateway') underWay += place.phase === 'before' ? 1 : -1
      lastMs = performance.now()
      note(placeName(place))
      return point
    },
    /** An epoch ends when its statements and calls have: some go on after the answer. */
    enter: async (next: string, isDisturbed: boolean) => {
      const { disturbed, undisturbed } = quietPatienceMs
      const untilMs = performance.now() + (isDisturbed ? disturbed : undisturbed)
      while (performance.now() < untilMs) {
        if (underWay <= 0 && performance.now() - lastMs > quietForMs) break
        await sleep(2)
      }
      underWay = 0
      epoch = next
      note(`--- ${next}`)
    },
  }
}

/** A look for due rows is worth a visit only if it finds some. */
const createClaimFilter = ({ witness }: System) => {
  const finding = new Set<string>()
  return async (from: Parameters<OnCheckpoint>[0], checkpoint: Checkpoint) => {
    if (!isClaim(checkpoint)) return true
    const key = `${from.instance?.pid} ${checkpoint.name}`
    if (checkpoint.phase === 'after') return finding.delete(key)
    const table = claimedTable(checkpoint.name)
    const due = await witness.countDue(from.service, table).catch(() => 0)
    if (due > 0) finding.add(key)
    return due > 0
  }
}

const createRun = (system: System, { variant, strikes }: RunPlan) => {
  const journal = createJournal()
  const tracker = createTracker(journal)
  const isWorthVisiting = createClaimFilter(system)
  const pending = [...strikes]
  const struck = new Set<Strike>()
  const meanwhile: Promise<unknown>[] = []
  const ends: (() => Promise<void>)[] = []
  let pointsBeforeFault = Infinity

  const strike = async (next: Strike, point: Point, from: Struck['from']) => {
    journal.note(`*** ${next.fault.name}, ${placeName(point)}`)
    pointsBeforeFault = Math.min(pointsBeforeFault, tracker.points.length)
    await next.fault.strike({
      system,
      place: point,
      from,
      note: (text) => {
        struck.add(next)
        journal.note(`*** ${text}`)
      },
      meanwhile: (work) => {
        // Its trouble is told when the run waits for it.
        work.catch(() => {})
        meanwhile.push(work)
      },
      atEnd: (work) => ends.push(work),
    })
  }

  const listen: OnCheckpoint = async (from, checkpoint) => {
    if (!(await isWorthVisiting(from, checkpoint))) return
    const point = tracker.visit({ ...checkpoint, service: from.service }, variant.name)
    const [next] = pending
    if (!next || !isAt(next.at, point)) return
    pending.shift()
    await strike(next, point, from)
  }

  return {
    journal,
    tracker,
    listen,
    struck,
    meanwhile,
    ends,
    enter: (epoch: string) =>
      tracker.enter(epoch, variant.outage !== undefined || pending.length < strikes.length),
    pointsAfterFault: () => tracker.points.slice(pointsBeforeFault),
  }
}

type Run = ReturnType<typeof createRun>

/** Lets everything that is late arrive, and waits until nothing is owed any more. */
const settle = async (system: System, memory: Memory, { ends, meanwhile, journal }: Run) => {
  const drain = async () => {
    for (let work = meanwhile.shift(); work; work = meanwhile.shift()) await work
  }
  await drain()
  for (const end of ends.splice(0)) await end()
  await drain()
  for (const untilMs = Date.now() + owedPatienceMs; ; await sleep(pollMs)) {
    const owed = await system.witness.owed(memory.userId)
    if (owed.length === 0) return
    if (Date.now() < untilMs) continue
    journal.note(`still owed after 30 s: ${owed.join(', ')}`)
    return
  }
}

const describe = (error: unknown) =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error)

export const run = async (system: System, plan: RunPlan): Promise<RunResult> => {
  const memory = newMemory()
  const history = createHistory()
  const state = createRun(system, plan)
  const { journal, tracker } = state
  const complaints: string[] = []
  system.setListener(state.listen)
  system.setMourner((how) => {
    journal.note(`*** ${how}`)
    complaints.push(how)
  })
  try {
    const { variant } = plan
    await travel({ system, variant, history, memory, enter: state.enter })
    await settle(system, memory, state)
    const repeated = await repeatEverything(system, history, memory)
    await settle(system, memory, state)
    complaints.push(...(await audit(system, history, memory, repeated)))
  } catch (error) {
    complaints.push(describe(error))
  }
  for (const work of await Promise.allSettled(state.meanwhile)) {
    if (work.status === 'rejected') complaints.push(describe(work.reason))
  }
  system.setListener(async () => {})
  system.setMourner(() => {})
  for (const link of system.links) link.reset()
  await system.endOthers()
  if (complaints.length > 0) {
    for (const service of serviceNames) {
      journal.note(`${service} said last: ${system.current(service).lastWords().slice(-keptWords)}`)
    }
    for (const { method, path, answer } of history.exchanges) {
      journal.note(`client: ${method} ${path} -> ${JSON.stringify(answer)}`)
    }
  }
  return {
    points: tracker.points,
    pointsAfterFault: state.pointsAfterFault(),
    struck: state.struck.size,
    complaints,
    events: journal.events,
    ms: journal.elapsedMs(),
  }
}
