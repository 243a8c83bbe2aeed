import { setTimeout as sleep } from 'node:timers/promises'
import type { Arrows, LabArrow } from './arrows.ts'
import type { Boxes } from './boxes.ts'
import type { createBooks } from './books.ts'
import { oldMs, type Healings } from './healing.ts'
import type { LoadOfPeople } from './load.ts'
import type { Arrow, LabState } from './state.ts'
import type { Switches } from './switches.ts'
import type { Tour } from './tour.ts'
import type { WorkWatch } from './work.ts'

export const everyMs = 250
/** Metrics cost more than a look at who is ready. */
const workEveryMs = 1_000
const rateOverMs = 2_000

export interface WatchDeps {
  readonly arrows: Arrows
  readonly boxes: Boxes
  readonly switches: Switches
  readonly load: LoadOfPeople
  readonly work: WorkWatch
  readonly healings: Healings
  readonly books: ReturnType<typeof createBooks>
  readonly tour: Tour
  readonly signal: AbortSignal
}

/** How much passes over each arrow, from the counts of the last looks. */
const createRates = ({ list }: Arrows) => {
  const looks: { readonly atMs: number; readonly passed: readonly number[] }[] = []
  return {
    look: () => {
      const atMs = performance.now()
      looks.push({ atMs, passed: list.map(({ passed }) => passed()) })
      while (looks.length > 2 && atMs - (looks[0]?.atMs ?? 0) > rateOverMs) looks.shift()
    },
    tell: (): Arrow[] => {
      const [first, last] = [looks[0], looks.at(-1)]
      const seconds = ((last?.atMs ?? 0) - (first?.atMs ?? 0)) / 1_000
      const rateOf = (index: number, { passed }: LabArrow) => {
        if (first === undefined || seconds === 0) return 0
        return Math.max((last?.passed[index] ?? passed()) - (first.passed[index] ?? 0), 0) / seconds
      }
      return list.map((arrow, index) => ({
        name: arrow.name,
        from: arrow.from,
        to: arrow.to,
        passed: arrow.passed(),
        perSecond: Math.round(rateOf(index, arrow) * 10) / 10,
        faults: arrow.faults,
      }))
    },
  }
}

/** Looks at everything several times a second, while somebody watches, a scene runs, or something heals. */
export const createWatch = (deps: WatchDeps) => {
  const { arrows, boxes, switches, load, work, healings, books, tour, signal } = deps
  const rates = createRates(arrows)
  let watchers = 0
  let isLooping = false
  let lookedAtMs = 0
  let workAtMs = 0

  const isWatched = () => watchers > 0 || tour.isRunning()

  const look = async () => {
    const startMs = Date.now()
    rates.look()
    const isWorkDue = startMs - workAtMs >= workEveryMs || healings.isOpen()
    if (isWorkDue) workAtMs = startMs
    await Promise.all([boxes.look(), isWorkDue ? work.look() : undefined])
    lookedAtMs = startMs
    if (isWorkDue) healings.onLook(startMs, boxes.areReady() && work.isYoungerThan(oldMs))
  }

  const loop = async () => {
    if (isLooping) return
    isLooping = true
    while ((isWatched() || healings.isOpen()) && !signal.aborted) {
      await look()
      await sleep(everyMs, undefined, { signal }).catch(() => {})
    }
    isLooping = false
  }

  const tell = (): LabState => {
    const scene = tour.tell()
    return {
      nowMs: Date.now(),
      boxes: boxes.list(),
      arrows: rates.tell(),
      switches: switches.tell(),
      load: load.tell(),
      work: work.tell(),
      healing: healings.list(),
      books: books.tell(),
      ...(scene ? { scene } : {}),
    }
  }

  /** Begins to look, if nobody did. */
  const wake = () => {
    void loop()
    if (isWatched()) void books.run()
  }

  return {
    isWatched,
    wake,
    tell,
    /** The present state, also for whoever asks only once. */
    tellNow: async (): Promise<LabState> => {
      if (Date.now() - lookedAtMs > everyMs * 2) await look()
      return tell()
    },
    /** From now on somebody watches. Returns how to end that. */
    join: () => {
      watchers += 1
      wake()
      let hasLeft = false
      return () => {
        if (!hasLeft) watchers -= 1
        hasLeft = true
      }
    },
  }
}

export type Watch = ReturnType<typeof createWatch>
