import { ProblemError } from '../../platform/base/errors.ts'
import type { Launch, RunningService } from '../launcher/start-databases.ts'
import type { Arrows, LabArrow } from './arrows.ts'
import type { ArrowFault, BoxFault, Switch, SwitchId } from './state.ts'

/** What is broken while a switch is on. */
interface Broken {
  readonly strikes: () => number
  readonly mend: () => void
  /** Resolves when nothing is broken any more, for what ends before its time. */
  readonly over?: Promise<void>
}

interface Definition {
  readonly id: SwitchId
  readonly fault: BoxFault | ArrowFault
  readonly target: string
  /** What was done, in words, for the list of what healed. */
  readonly what: string
  readonly begin: () => Broken
}

type Stoppable = Pick<Launch, 'services' | 'postgres' | 'postgresMayStart'>

const once = () => 1
const delayMs = 300
/** Often enough to be seen at once, seldom enough for most of the work to go on. */
const lostEach = 3
const copiesAfterMs = [10, 150]
const pollMs = 50

const until = (isSo: () => boolean) =>
  new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      if (!isSo()) return
      clearInterval(timer)
      resolve()
    }, pollMs).unref()
  })

const ofProcess = (target: string, running: RunningService): Definition[] => {
  const define = (fault: BoxFault, what: string, begin: () => Broken): Definition => ({
    id: `${fault}:${target}`,
    fault,
    target,
    what: `${target} ${what}`,
    begin,
  })
  const kill = define('kill', 'was killed', () => {
    running.holdDown()
    return { strikes: once, mend: () => running.letUp() }
  })
  const pause = define('pause', 'stood still', () => {
    running.pause()
    // There may be no process, and whoever kills or restarts this one ends its pause.
    const over = until(() => !running.isPaused())
    return { strikes: once, mend: () => running.resume(), over }
  })
  const restart = define('restart', 'was started again', () => {
    const formerPid = running.pid()
    const isAnother = () => running.pid() !== formerPid && running.wasReady()
    running.restart()
    return { strikes: once, mend: () => {}, over: until(isAnother) }
  })
  // Windows has no signal for it.
  return process.platform === 'win32' ? [kill, restart] : [kill, pause, restart]
}

const ofPostgres = (launch: Stoppable): Definition => ({
  id: 'stop:postgres',
  fault: 'stop',
  target: 'postgres',
  what: 'Postgres was stopped',
  begin: () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    launch.postgresMayStart = promise
    void launch.postgres?.crash()
    return {
      strikes: once,
      mend: () => {
        launch.postgresMayStart = undefined
        resolve()
      },
    }
  },
})

const ofArrow = ({ name, link, faults }: LabArrow): Definition[] => {
  const define = (fault: ArrowFault, what: string, begin: Definition['begin']) =>
    faults.includes(fault)
      ? [{ id: `${fault}:${name}`, fault, target: name, what, begin } as const]
      : []
  const begun = (fault: Parameters<typeof link.begin>[0]) => () => {
    const { strikes, end } = link.begin(fault)
    return { strikes, mend: end }
  }
  return [
    ...define('delay', `${name} was slow`, begun({ kind: 'delay', delayMs })),
    ...define(
      'lose-answers',
      `${name} lost answers`,
      begun({ kind: 'lose-answers', each: lostEach }),
    ),
    ...define(
      'send-twice',
      `${name} sent everything twice`,
      begun({ kind: 'duplicate', delaysMs: copiesAfterMs }),
    ),
  ]
}

interface Running extends Broken {
  endsAtMs: number
  timer: NodeJS.Timeout
}

export interface SwitchesOptions {
  readonly launch: Stoppable
  readonly arrows: Arrows
  /** Called with what was broken, when it is not any more. */
  readonly onMended: (what: string) => void
}

/** The switches of the page. Each ends by itself after its time. */
export const createSwitches = ({ launch, arrows, onMended }: SwitchesOptions) => {
  const running = new Map<SwitchId, Running>()
  /** How often each struck the last time. */
  const struck = new Map<SwitchId, number>()
  const definitions = (): Definition[] => [
    ...[...launch.services].flatMap(([name, process]) => ofProcess(name, process)),
    ofPostgres(launch),
    ...arrows.list.flatMap(ofArrow),
  ]
  let known: ReadonlyMap<string, Definition> | undefined
  /** The processes are there only when everything has started. */
  const all = () => (known ??= new Map(definitions().map((each) => [each.id, each])))

  const find = (id: string): Definition => {
    const found = all().get(id)
    if (found === undefined) throw new ProblemError('not-found', `There is no switch ${id}.`)
    return found
  }

  const tellOne = ({ id, fault, target }: Definition): Switch => {
    const on = running.get(id)
    return {
      id,
      fault,
      target,
      isOn: on !== undefined,
      strikes: on?.strikes() ?? struck.get(id) ?? 0,
      ...(on ? { endsAtMs: on.endsAtMs } : {}),
    }
  }

  const turnOff = (definition: Definition) => {
    const on = running.get(definition.id)
    if (on === undefined) return
    running.delete(definition.id)
    struck.set(definition.id, on.strikes())
    clearTimeout(on.timer)
    on.mend()
    onMended(definition.what)
  }

  const begin = (definition: Definition, ms: number): Running => {
    const broken = definition.begin()
    const off = () => turnOff(definition)
    const on = { ...broken, endsAtMs: Date.now() + ms, timer: setTimeout(off, ms) }
    void broken.over?.then(() => {
      if (running.get(definition.id) === on) off()
    })
    return on
  }

  const prolong = (definition: Definition, on: Running, ms: number) => {
    on.endsAtMs = Math.max(on.endsAtMs, Date.now() + ms)
    clearTimeout(on.timer)
    on.timer = setTimeout(() => turnOff(definition), on.endsAtMs - Date.now())
  }

  return {
    /** Breaks it, or leaves it broken for longer. */
    turnOn: (id: string, seconds: number): Switch => {
      const definition = find(id)
      const on = running.get(definition.id)
      if (on) prolong(definition, on, seconds * 1_000)
      else running.set(definition.id, begin(definition, seconds * 1_000))
      return tellOne(definition)
    },
    turnOff: (id: string): Switch => {
      const definition = find(id)
      turnOff(definition)
      return tellOne(definition)
    },
    mendAll: () => {
      for (const id of running.keys()) turnOff(find(id))
    },
    /** Everything ends, so nothing is started again. */
    close: () => {
      for (const { timer } of running.values()) clearTimeout(timer)
      for (const { link } of arrows.list) link.endFaults()
    },
    tell: (): readonly Switch[] => [...all().values()].map(tellOne),
  }
}

export type Switches = ReturnType<typeof createSwitches>
