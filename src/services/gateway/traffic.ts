/**
 * What passed through this gateway in the last 15 minutes: counts and times in slices of ten seconds.
 * All memory is taken once, and a request costs a few additions.
 */
export interface Slice {
  readonly atMs: number
  readonly requests: number
  readonly errors: number
  readonly p50Ms: number
  readonly p99Ms: number
}

export const sliceMs = 10_000
const slices = 90

/** Each step of the scale is a fifth longer than the one before, from 0.1 ms to a minute. */
const shortestMs = 0.1
const stepFactor = 1.2
const steps = 75
/** A slice has its number, its requests and its errors, and then the scale. */
const head = 3
const width = head + steps

const perStep = 1 / Math.log(stepFactor)
const stepOf = (ms: number) =>
  ms <= shortestMs ? 0 : Math.min(steps - 1, Math.ceil(Math.log(ms / shortestMs) * perStep))

/** The middle of a step, in which the error is a tenth at most. */
const msOf = (step: number) =>
  Number((shortestMs * stepFactor ** (step - (step === 0 ? 0 : 0.5))).toPrecision(3))

const createRing = () => {
  const cells = new Uint32Array(slices * width)

  const quantile = (at: number, share: number) => {
    const wanted = Math.max(1, Math.ceil((cells[at + 1] ?? 0) * share))
    let seen = 0
    for (let step = 0; step < steps; step += 1) {
      seen += cells[at + head + step] ?? 0
      if (seen >= wanted) return msOf(step)
    }
    return msOf(steps - 1)
  }

  const add = (index: number, by = 1) => {
    cells[index] = (cells[index] ?? 0) + by
  }

  return {
    record: (number: number, ms: number, isError: boolean) => {
      const at = (number % slices) * width
      if (cells[at] !== number) {
        cells.fill(0, at, at + width)
        cells[at] = number
      }
      add(at + 1)
      if (isError) add(at + 2)
      add(at + head + stepOf(ms))
    },
    list: (newest: number): Slice[] => {
      const found: Slice[] = []
      for (let number = Math.max(0, newest - slices + 1); number <= newest; number += 1) {
        const at = (number % slices) * width
        if (cells[at] !== number) continue
        found.push({
          atMs: number * sliceMs,
          requests: cells[at + 1] ?? 0,
          errors: cells[at + 2] ?? 0,
          p50Ms: quantile(at, 0.5),
          p99Ms: quantile(at, 0.99),
        })
      }
      return found
    },
  }
}

export const createTraffic = <Name extends string>(
  names: readonly Name[],
  now: () => number = Date.now,
) => {
  const rings = new Map(names.map((name) => [name, createRing()]))
  const numberNow = () => Math.floor(now() / sliceMs)
  return {
    record: (name: Name, ms: number, status: number) =>
      rings.get(name)?.record(numberNow(), ms, status >= 500),
    list: (name: Name): Slice[] => rings.get(name)?.list(numberNow()) ?? [],
  }
}

export type Traffic<Name extends string> = ReturnType<typeof createTraffic<Name>>
