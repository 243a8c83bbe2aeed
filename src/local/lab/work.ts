import type { ProcessName } from '../launcher/with-lab.ts'
import { addressOf, type Processes } from './boxes.ts'
import type { Work } from './state.ts'

/** Those that leave rows open, as they tell in their metrics. Both processes of order tell the same. */
const askedFor: readonly (readonly [ProcessName, ...ProcessName[]])[] = [
  ['order', 'order-2'],
  ['user'],
  ['billing'],
  ['booking'],
]

/** In these a row waits for its decision; in all others it owes a letter. */
const undecidedStates = new Set(['PENDING', 'RELEASING', 'CANCELLING'])

const ages = new Set(['saga_oldest_undecided_seconds', 'saga_oldest_owed_letter_seconds'])
const timeoutMs = 800
const historySeconds = 60

interface Reading {
  readonly undecided: number
  readonly owedLetters: number
  readonly oldestMs: number
}

const nothing: Reading = { undecided: 0, owedLetters: 0, oldestMs: 0 }

const add = (one: Reading, other: Reading): Reading => ({
  undecided: one.undecided + other.undecided,
  owedLetters: one.owedLetters + other.owedLetters,
  oldestMs: Math.max(one.oldestMs, other.oldestMs),
})

/** Undefined when the tables could not be read: then the metrics have no such lines. */
export const readingIn = (metrics: string): Reading | undefined => {
  let isThere = false
  let reading = nothing
  for (const [, name = '', labels = '', text] of metrics.matchAll(
    /^(saga_\w+)\{([^}]*)\} (\S+)$/gm,
  )) {
    const value = Number(text)
    if (ages.has(name)) reading = add(reading, { ...nothing, oldestMs: value * 1_000 })
    if (name !== 'saga_open_rows') continue
    isThere = true
    const isUndecided = undecidedStates.has(/state="(\w+)"/.exec(labels)?.[1] ?? '')
    reading = add(reading, {
      ...nothing,
      ...(isUndecided ? { undecided: value } : { owedLetters: value }),
    })
  }
  return isThere ? reading : undefined
}

const ask = async (address: string): Promise<Reading | undefined> => {
  try {
    const response = await fetch(`${address}/metrics`, { signal: AbortSignal.timeout(timeoutMs) })
    return readingIn(await response.text())
  } catch {
    return undefined
  }
}

/** What is undecided or owed in the tables. */
export const createWork = (processes: Processes) => {
  let now: Reading | undefined
  let silent: readonly ProcessName[] = []
  const history: (Work['history'][number] & { readonly atMs: number })[] = []
  let notedAtMs = 0

  const askOne = async (names: readonly ProcessName[]): Promise<Reading | undefined> => {
    for (const name of names) {
      const running = processes.services.get(name)
      if (running?.pid() === undefined || running.isPaused()) continue
      const reading = await ask(addressOf(processes, name))
      if (reading !== undefined) return reading
    }
    return undefined
  }

  return {
    look: async () => {
      const readings = await Promise.all(askedFor.map(askOne))
      const known = readings.filter((reading) => reading !== undefined)
      silent = askedFor.flatMap(([name], index) => (readings[index] === undefined ? [name] : []))
      // Without order nobody can tell the most of it.
      now = readings[0] === undefined ? undefined : known.reduce(add, nothing)
      const atMs = Date.now()
      if (atMs - notedAtMs < 1_000) return
      notedAtMs = atMs
      history.push({ atMs, undecided: now?.undecided, owedLetters: now?.owedLetters })
      while ((history[0]?.atMs ?? atMs) < atMs - historySeconds * 1_000) history.shift()
    },
    /** Whether every table was read, and nothing in them is older than that. */
    isYoungerThan: (ms: number) => silent.length === 0 && now !== undefined && now.oldestMs < ms,
    tell: (): Work => ({
      undecided: now?.undecided,
      owedLetters: now?.owedLetters,
      oldestMs: now && Math.round(now.oldestMs),
      silent,
      history: history.map(({ undecided, owedLetters }) => ({ undecided, owedLetters })),
    }),
  }
}

export type WorkWatch = ReturnType<typeof createWork>
