import fc from 'fast-check'
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { BatchExhaustedError, createBatch } from './batch.ts'

interface Item {
  readonly account: number
  readonly amount: number
  readonly isBad: boolean
}

class DataError extends Error {}
class LockConflict extends Error {}
class ConnectionLost extends Error {}

/** What goes wrong in one execution of a statement. */
type Mishap = 'none' | 'lock-conflict' | 'lost-races'

/**
 * A database in memory that behaves like the real one: a statement is done wholly
 * or not at all, one bad row makes it fail for all, and it returns no row for an
 * item that lost a race.
 */
const createFakeDatabase = (mishaps: readonly Mishap[] = []) => {
  const balances = new Map<number, number>()
  const statements: Item[][] = []
  const execute = async (items: readonly Item[]) => {
    const mishap = mishaps[statements.length] ?? 'none'
    statements.push([...items])
    await turn()
    if (mishap === 'lock-conflict') throw new LockConflict()
    const bad = items.find((item) => item.isBad)
    if (bad) throw new DataError(`account ${bad.account}`)
    return items.map((item, index) => {
      if (mishap === 'lost-races' && index % 2 === 0) return undefined
      const balance = (balances.get(item.account) ?? 0) + item.amount
      balances.set(item.account, balance)
      return `${item.account}: ${balance}`
    })
  }
  return { execute, statements, balances }
}

const rules = {
  distinctBy: (item: Item) => [`${item.account}`],
  isRetryable: (error: unknown) => error instanceof LockConflict,
  isUnknown: (error: unknown) => !(error instanceof DataError),
}

const item = (account: number, amount = 1, isBad = false): Item => ({ account, amount, isBad })
const outcomeOf = (result: Promise<string>) =>
  result.catch((error: unknown) => (error instanceof Error ? error.message : String(error)))

const itemArbitrary = fc.record({
  account: fc.integer({ min: 0, max: 4 }),
  amount: fc.integer({ min: 1, max: 9 }),
  isBad: fc.oneof(
    { weight: 8, arbitrary: fc.constant(false) },
    { weight: 1, arbitrary: fc.constant(true) },
  ),
})
/** Fewer than the attempts that an item has. */
const mishapsArbitrary = fc.array(fc.constantFrom<Mishap>('none', 'lock-conflict', 'lost-races'), {
  maxLength: 5,
})

describe('a batch', () => {
  it('gives each caller what it would have got alone, whatever fails around it', async () => {
    const arrivals = fc.array(fc.tuple(itemArbitrary, fc.integer({ min: 0, max: 3 })), {
      maxLength: 60,
    })
    const sizes = fc.integer({ min: 1, max: 9 })
    const property = fc.asyncProperty(
      arrivals,
      mishapsArbitrary,
      sizes,
      async (list, mishaps, maxSize) => {
        const database = createFakeDatabase(mishaps)
        const run = createBatch<Item, string>({ ...rules, execute: database.execute, maxSize })
        const results: Promise<string>[] = []
        for (const [next, turns] of list) {
          results.push(outcomeOf(run(next)))
          for (let waited = 0; waited < turns; waited += 1) await turn()
        }
        const alone = createFakeDatabase()
        const expected: string[] = []
        for (const [next] of list) {
          expected.push(await outcomeOf(alone.execute([next]).then(([result]) => result as string)))
        }
        expect(await Promise.all(results)).toEqual(expected)
        expect(database.balances).toEqual(alone.balances)
        for (const statement of database.statements) {
          const accounts = statement.map(({ account }) => account)
          expect(new Set(accounts).size).toBe(accounts.length)
          expect(accounts.length).toBeLessThanOrEqual(maxSize)
        }
      },
    )
    await fc.assert(property, { numRuns: 150, interruptAfterTimeLimit: 15_000 })
  })

  it('starts within the same turn of the event loop when it is idle', async () => {
    const database = createFakeDatabase()
    const run = createBatch<Item, string>({ ...rules, execute: database.execute })
    const result = run(item(1))
    await turn()
    await turn()
    expect(database.statements).toHaveLength(1)
    expect(await result).toBe('1: 1')
  })

  it('carries all who came while a statement was in flight with the next one', async () => {
    const database = createFakeDatabase()
    const run = createBatch<Item, string>({ ...rules, execute: database.execute })
    const first = run(item(0))
    while (database.statements.length === 0) await turn()
    const others = Array.from({ length: 100 }, (_, index) => run(item(index + 1)))
    await Promise.all([first, ...others])
    expect(database.statements.map((statement) => statement.length)).toEqual([1, 100])
  })

  it('never carries more than its size, 128 unless told otherwise', async () => {
    const database = createFakeDatabase()
    const sizes: number[] = []
    const run = createBatch<Item, string>({
      ...rules,
      execute: database.execute,
      onBatch: (size) => sizes.push(size),
    })
    await Promise.all(Array.from({ length: 300 }, (_, index) => run(item(index))))
    expect(sizes).toEqual([128, 128, 44])
  })

  it('keeps those who conflict apart and in their order of arrival', async () => {
    const database = createFakeDatabase()
    const run = createBatch<Item, string>({ ...rules, execute: database.execute })
    const results = [1, 10, 100, 1_000].map((amount) => run(item(7, amount)))
    expect(await Promise.all(results)).toEqual(['7: 1', '7: 11', '7: 111', '7: 1111'])
    expect(database.statements).toHaveLength(4)
  })

  it('lets nobody overtake who waits for one of several keys', async () => {
    const order: string[] = []
    const run = createBatch<readonly string[], string>({
      distinctBy: (keys) => keys,
      execute: async (items) => {
        await turn()
        return items.map((keys) => {
          order.push(keys.join('+'))
          return 'done'
        })
      },
    })
    await Promise.all([run(['a']), run(['a', 'b']), run(['b']), run(['c'])])
    expect(order).toEqual(['a', 'c', 'a+b', 'b'])
  })

  it('fails only the one whose data is wrong, with its own error', async () => {
    const database = createFakeDatabase()
    const run = createBatch<Item, string>({ ...rules, execute: database.execute })
    const outcomes = await Promise.all(
      [item(1), item(2, 1, true), item(3)].map((one) => outcomeOf(run(one))),
    )
    expect(outcomes).toEqual(['1: 1', 'account 2', '3: 1'])
  })

  it('tells all of a statement when its outcome is unknown, and runs nobody again', async () => {
    let calls = 0
    const run = createBatch<Item, string>({
      ...rules,
      execute: async () => {
        calls += 1
        throw new ConnectionLost('gone')
      },
    })
    const outcomes = await Promise.all([1, 2, 3].map((account) => outcomeOf(run(item(account)))))
    expect([outcomes, calls]).toEqual([['gone', 'gone', 'gone'], 1])
  })

  it('works on after a statement failed', async () => {
    let calls = 0
    const run = createBatch<Item, string>({
      ...rules,
      execute: async (items) => {
        calls += 1
        if (calls === 1) throw new ConnectionLost('gone')
        return items.map(() => 'done')
      },
    })
    expect(await outcomeOf(run(item(1)))).toBe('gone')
    expect(await outcomeOf(run(item(1)))).toBe('done')
  })

  it.each([
    ['loses every race', async () => [undefined]],
    ['meets a lock conflict each time', async () => Promise.reject(new LockConflict())],
  ])('gives up on one who %s, after a bounded number of tries', async (_what, execute) => {
    let calls = 0
    const run = createBatch<Item, string>({
      ...rules,
      execute: (items) => {
        calls += items.length
        return execute()
      },
    })
    await expect(run(item(1))).rejects.toThrow(BatchExhaustedError)
    expect(calls).toBe(12)
  })

  it('spares the neighbours of one who meets a lock conflict each time', async () => {
    const run = createBatch<Item, string>({
      ...rules,
      execute: async (items) => {
        if (items.some((one) => one.account === 13)) throw new LockConflict('never')
        return items.map(() => 'done')
      },
    })
    const results = [1, 2, 13, 4].map((account) => outcomeOf(run(item(account))))
    const [one, two, thirteen, four] = await Promise.all(results)
    expect([one, two, four]).toEqual(['done', 'done', 'done'])
    expect(thirteen).toBe('the statement lost every race it ran')
  })

  it('starves nobody: a lone caller is served soon, however busy another key is', async () => {
    const database = createFakeDatabase()
    const run = createBatch<Item, string>({ ...rules, execute: database.execute, maxSize: 4 })
    let isBusy = true
    const crowd = Array.from({ length: 20 }, async () => {
      while (isBusy) await run(item(1))
    })
    await sleep(20)
    const before = database.statements.length
    await run(item(2))
    const waited = database.statements.length - before
    isBusy = false
    await Promise.all(crowd)
    expect(waited).toBeLessThanOrEqual(3)
  })
})
