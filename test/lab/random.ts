/**
 * Random numbers that a seed repeats. Each part of a run has its own fork, so that one more draw in
 * one part does not change the others.
 */
export interface Random {
  /** From 0 up to, but not including, 1. */
  readonly next: () => number
  /** A whole number, both ends included. */
  readonly between: (low: number, high: number) => number
  readonly chance: (probability: number) => boolean
  readonly pick: <Item>(items: readonly Item[]) => Item
  /** The second of each entry, as often as the first one says. */
  readonly pickWeighted: <Item>(items: readonly (readonly [weight: number, item: Item])[]) => Item
  readonly shuffle: <Item>(items: readonly Item[]) => Item[]
  readonly fork: (name: string) => Random
}

const hash = (text: string): number => {
  let value = 2_166_136_261
  for (const letter of text) {
    value = Math.imul(value ^ letter.codePointAt(0)!, 16_777_619)
  }
  return value >>> 0
}

export const createRandom = (seed: string | number): Random => {
  let state = hash(`seed ${seed}`)

  /** mulberry32: small, and good enough to choose faults. */
  const next = () => {
    state = (state + 0x6d_2b_79_f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }

  const between = (low: number, high: number) => low + Math.floor(next() * (high - low + 1))

  return {
    next,
    between,
    chance: (probability) => next() < probability,
    pick: (items) => {
      if (items.length === 0) throw new Error('there is nothing to pick from')
      return items[between(0, items.length - 1)]!
    },
    pickWeighted: (items) => {
      let left = next() * items.reduce((sum, [weight]) => sum + weight, 0)
      return (items.find(([weight]) => (left -= weight) < 0) ?? items[0]!)[1]
    },
    shuffle: (items) => {
      const shuffled = [...items]
      for (let index = shuffled.length - 1; index > 0; index -= 1) {
        const other = between(0, index)
        ;[shuffled[index], shuffled[other]] = [shuffled[other]!, shuffled[index]!]
      }
      return shuffled
    },
    fork: (name) => createRandom(`${seed}/${name}`),
  }
}
