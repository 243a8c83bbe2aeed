import type { ServiceName } from '../../registry.ts'

/** What the page of the lab shows, and what the lab tells it several times a second. */

/** A box of the picture: a service, its second replica, Postgres, or the people who order. */
export type BoxName = ServiceName | 'order-2' | 'postgres' | 'people'

/** One that is waiting runs, and cannot work: Postgres is away. */
export type Health = 'ready' | 'starting' | 'waiting' | 'paused' | 'down'

export interface Box {
  readonly name: BoxName
  readonly health: Health
  /** Since when it is so. */
  readonly sinceMs: number
  /** Undefined while there is no process, and for the people. */
  readonly pid?: number
}

/** What can be done to one box, or to one arrow. */
export type BoxFault = 'kill' | 'pause' | 'restart' | 'stop'
export type ArrowFault = 'delay' | 'lose-answers' | 'send-twice'

/** From a caller to whom it calls, `order>billing`, or to its own database, `billing>postgres`. */
export type ArrowName = `${string}>${string}`

export interface Arrow {
  readonly name: ArrowName
  readonly from: BoxName
  readonly to: BoxName
  /** Requests or statements since the lab began: the page makes movement of it. */
  readonly passed: number
  readonly perSecond: number
  /** The faults that can be put on it: none is sent twice to a database. */
  readonly faults: readonly ArrowFault[]
}

/** `kill:billing`, `stop:postgres`, `delay:order>billing` */
export type SwitchId = `${BoxFault | ArrowFault}:${string}`

export interface Switch {
  readonly id: SwitchId
  readonly fault: BoxFault | ArrowFault
  /** A box or an arrow. */
  readonly target: string
  readonly isOn: boolean
  /** When it ends by itself. Undefined while it is off. */
  readonly endsAtMs?: number
  /** How often it has struck since it was last begun. */
  readonly strikes: number
}

/** What the people of the lab have been told. */
export interface Load {
  readonly clients: number
  readonly ordersPerSecond: number
  readonly paid: number
  readonly rejected: number
  /** Orders that are asked for again and again, with the same key, because the answer was no answer. */
  readonly waiting: number
  /** Requests that got no answer, or one that said "undecided". */
  readonly unanswered: number
}

/** What is not finished in the tables, and how it goes on. */
export interface Work {
  /** Undefined while nobody can tell: order, or its database, is away. */
  readonly undecided: number | undefined
  readonly owedLetters: number | undefined
  readonly oldestMs: number | undefined
  /** Those whose rows nobody can count now. */
  readonly silent: readonly BoxName[]
  /** The last seconds, one reading per second, the newest last: for a small plot. Undefined: not known. */
  readonly history: readonly {
    readonly undecided: number | undefined
    readonly owedLetters: number | undefined
  }[]
}

export interface Healing {
  /** What was broken, in words: "billing was killed". */
  readonly what: string
  readonly endedAtMs: number
  /** From the end of the fault until everything was ready, and nothing old waited. Undefined: not yet. */
  readonly healedAfterMs?: number
}

/** The invariants, as `npm run audit` sees them. */
export interface Books {
  readonly verdict:
    | 'not looked yet'
    | 'looking'
    | 'they agree'
    | 'they do not agree'
    | 'cannot look'
  readonly atMs?: number
  readonly rows?: number
  readonly findings: readonly string[]
}

export interface SceneStep {
  readonly text: string
  readonly state: 'to come' | 'now' | 'done' | 'failed'
}

/** A scene of the tour that runs, or ran last. */
export interface SceneRun {
  readonly id: string
  readonly isRunning: boolean
  readonly steps: readonly SceneStep[]
  /** How it ended, in a sentence: "Paid once, one letter." */
  readonly result?: string
  readonly isAsPromised?: boolean
  /** The order of the scene, as GET /orders/{id} and /orders/{id}/timeline answer it. */
  readonly order?: unknown
  readonly timeline?: unknown
}

export interface LabState {
  readonly nowMs: number
  readonly boxes: readonly Box[]
  readonly arrows: readonly Arrow[]
  readonly switches: readonly Switch[]
  readonly load: Load
  readonly work: Work
  readonly healing: readonly Healing[]
  readonly books: Books
  readonly scene?: SceneRun
}

/** What does not change while the lab runs: GET /lab/scenes. */
export interface Scene {
  readonly id: string
  readonly title: string
  /** What to watch for, one sentence each. */
  readonly watch: readonly string[]
  /** Why nothing is lost and nothing doubled. */
  readonly whySafe: string
  /** The test that proves it: its name, and its file, whose text is at `/lab/source/<file>`. */
  readonly guarantee: { readonly name: string; readonly file: string }
}
