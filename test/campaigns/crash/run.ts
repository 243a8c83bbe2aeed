import { setTimeout as sleep } from 'node:timers/promises'
import type { Checkpoint } from '../../../src/platform/base/checkpoints.ts'
import { uuidv7 } from '../../../src/platform/base/ids.ts'
import { serviceNames } from '../../../src/registry.ts'
import { createHistory } from '../../judge/history.ts'
import { audit } from './audit.ts'
import type { Struck } from './faults.ts'
import { followIncidents, type Incident, type Outcome } from './incidents.ts'
import { askReady, repeatEverything, travel } from './journey.ts'
import { claimedTable, isClaim, placeName, type Place, type Point } from './points.ts'
import type { Memory, Scenario } from './scenario.ts'
import type { OnCheckpoint, System } from './system.ts'
import type { Watch } from './witness.ts'

/**
 * One run: a scenario for new people, with the incidents of some of its steps, and the judgement.
 * Between two incidents everything comes to rest.
 */
export interface RunResult {
  /** Every visit, in order. */
  readonly points: readonly Point[]
  /** The result of each incident. */
  readonly outcomes: readonly Outcome[]
  readonly complaints: readonly string[]
  readonly events: readonly string[]
  readonly ms: number
}

const owedPatienceMs = 30_000
const quietForMs = 4
/** Without faults, everything that begins also ends. With faults, some things never end. */
const quietPatienceMs = { undisturbed: 1_000, disturbed: 150 } as const
const pollMs = 25
const keptWords = 1_500

let runs = 0

const newMemory = ({ operator }: System): Memory => {
  runs += 1
  const told = new Map<string, string>()
  return {
    tag: `u${process.pid}-${runs}-${Date.now().toString(36)}`,
    begunMs: Date.now(),
    nobody: uuidv7(),
    operator,
    recall: (name) => {
      const value = told.get(name)
      if (value === undefined) throw new Error(`no answer has told ${name}`)
      return value
    },
    keep: (name, value) => void told.set(name, value),
  }
}

/** The events of a run, in the order in which the test saw them. */
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

/** Counts visits by epoch, and knows when no work is in progress. */
const createTracker = ({ note }: Journal) => {
  const points: Point[] = []
  const visits = new Map<string, number>()
  let epoch = ''
  let underWay = 0
  let lastMs = performance.now()
  return {
    points,
    visit: (place: Place): Point => {
      const key = `${epoch} ${placeName(place)}`
      const nth = (visits.get(key) ?? 0) + 1
      visits.set(key, nth)
      const point = { ...place, epoch, nth }
      points.push(point)
      if (place.service !== 'gateway') underWay += place.phase === 'before' ? 1 : -1
      lastMs = performance.now()
      note(placeName(place))
      return point
    },
    /** An epoch ends when its statements and calls end: some go on, or begin, after the answer. */
    enter: async (next: string, watch: Watch, isDisturbed: boolean) => {
      const { disturbed, undisturbed } = quietPatienceMs
      const untilMs = performance.now() + (isDisturbed ? disturbed : undisturbed)
      const isQuiet = () => underWay <= 0 && performance.now() - lastMs > quietForMs
      while (performance.now() < untilMs) {
        // What is owed after an answer begins a moment later: until then all is quiet.
        if (isQuiet() && (await watch.owed()).length === 0 && isQuiet()) break
        await sleep(2)
      }
      underWay = 0
      epoch = next
      note(`--- ${next}`)
    },
  }
}

const describe = (error: unknown) =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error)

/** A search for due rows is a visit only if it finds some, so the test must ask. */
const createClaimFilter = ({ witness }: System, isLookingFor: (place: Place) => boolean) => {
  const finding = new Set<string>()
  return async (from: Parameters<OnCheckpoint>[0], checkpoint: Checkpoint) => {
    const { service, instance } = from
    if (!isClaim(checkpoint)) return true
    const key = `${instance?.pid} ${checkpoint.name}`
    if (checkpoint.phase === 'after') return finding.delete(key)
    const after = { ...checkpoint, service, phase: 'after' } as const
    if (!isLookingFor({ ...checkpoint, service }) && !isLookingFor(after)) return false
    const due = await witness.countDue(service, claimedTable(checkpoint.name)).catch(() => 0)
    if (due > 0) finding.add(key)
    return due > 0
  }
}

const createRun = (system: System, watch: Watch, incidents: readonly Incident[]) => {
  const journal = createJournal()
  const tracker = createTracker(journal)
  const followed = followIncidents(incidents)
  const isWorthVisiting = createClaimFilter(system, followed.isLookingFor)
  const meanwhile: Promise<unknown>[] = []
  const ends: (() => Promise<void>)[] = []
  const hasOutage = incidents.some(({ variant }) => variant.outage !== undefined)

  const listen: OnCheckpoint = async (from, checkpoint) => {
    if (!(await isWorthVisiting(from, checkpoint))) return
    const pointsBefore = tracker.points.length
    const point = tracker.visit({ ...checkpoint, service: from.service })
    const due = followed.due(point, pointsBefore)
    if (!due) return
    const { fault } = due.strike
    journal.note(`*** ${fault.name}, ${placeName(point)}`)
    const struck: Struck = {
      system,
      place: point,
      from,
      note: (text) => {
        due.struck()
        journal.note(`*** ${text}`)
      },
      meanwhile: (work) => {
        // The run reports its error when it waits for it.
        work.catch(() => {})
        meanwhile.push(work)
      },
      atEnd: (work) => ends.push(work),
    }
    // A fault cannot strike a process that has ended, so the point counts as not reached.
    await fault.strike(struck).catch((error: unknown) => {
      journal.note(`*** it was not possible: ${describe(error)}`)
    })
  }

  return {
    journal,
    tracker,
    listen,
    followed,
    meanwhile,
    ends,
    enter: (epoch: string) => tracker.enter(epoch, watch, hasOutage || followed.isAnyBegun()),
  }
}

type Run = ReturnType<typeof createRun>

/** Lets all work end, and waits until no service owes anything. */
const settle = async (watch: Watch, { meanwhile, journal }: Run) => {
  for (const untilMs = Date.now() + owedPatienceMs; ; await sleep(pollMs)) {
    for (let work = meanwhile.shift(); work; work = meanwhile.shift()) await work
    const owed = await watch.owed()
    if (owed.length + meanwhile.length === 0) return
    if (Date.now() < untilMs) continue
    journal.note(`still owed after 30 s: ${owed.join(', ')}`)
    return
  }
}

/** Before a new incident begins, nothing is left of the one before. */
const comeToRest = async (system: System, watch: Watch, state: Run, step: string) => {
  if (!state.followed.needsCalm(step)) return
  await state.enter(`at rest before: ${step}`)
  await settle(watch, state)
  state.followed.forgetBegun()
  system.disarm()
  await system.endOthers()
  await askReady(system)
}

const scenarioOf = ([first, ...others]: readonly Incident[]): Scenario => {
  if (first === undefined) throw new Error('a run needs an incident, if only an empty one')
  const { scenario } = first.variant
  if (others.some(({ variant }) => variant.scenario !== scenario)) {
    throw new Error('the incidents of a run must be of one scenario')
  }
  return scenario
}

export const run = async (system: System, incidents: readonly Incident[]): Promise<RunResult> => {
  const memory = newMemory(system)
  const watch = await system.witness.watch()
  const history = createHistory()
  const course = { system, scenario: scenarioOf(incidents), history, memory, watch }
  const state = createRun(system, watch, incidents)
  const { journal, tracker } = state
  const complaints: string[] = []
  system.setListener({
    onCheckpoint: state.listen,
    onDeath: (how) => {
      journal.note(`*** ${how}`)
      complaints.push(how)
    },
  })
  try {
    await travel({
      ...course,
      variants: incidents.map(({ variant }) => variant),
      enter: state.enter,
      beforeStep: (step) => comeToRest(system, watch, state, step),
    })
    await settle(watch, state)
    for (const end of state.ends.splice(0)) await end()
    await settle(watch, state)
    const repeated = await repeatEverything(course)
    await settle(watch, state)
    complaints.push(...(await audit(course, repeated)))
  } catch (error) {
    complaints.push(describe(error))
  }
  for (const work of await Promise.allSettled(state.meanwhile)) {
    if (work.status === 'rejected') complaints.push(describe(work.reason))
  }
  system.setListener()
  system.disarm()
  await system.endOthers()
  if (complaints.length > 0) {
    for (const service of serviceNames) {
      journal.note(`${service} said last: ${system.current(service).logs().slice(-keptWords)}`)
    }
    for (const { method, path, answer } of history.exchanges) {
      journal.note(`client: ${method} ${path} -> ${JSON.stringify(answer)}`)
    }
  }
  return {
    points: tracker.points,
    outcomes: state.followed.outcomes(tracker.points),
    complaints,
    events: journal.events,
    ms: journal.elapsedMs(),
  }
}
