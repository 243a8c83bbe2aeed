import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { recoveredIn } from '../../../test/lab/recovered.ts'
import { eventually } from '../../../test/lab/wait.ts'
import { createRecovery, type RowOutcome } from './recovery.ts'
import { createLog, createMetrics } from '../base/telemetry.ts'

interface Work {
  readonly claim: (limit: number) => Promise<readonly number[]>
  readonly advance: (row: number) => Promise<RowOutcome>
}

const lateSeconds = 2

const start = ({ claim, advance }: Work) => {
  const metrics = createMetrics('order')
  const loop = createRecovery<{ readonly row: number }>({
    name: 'orders',
    intervalMs: 10,
    log: createLog('order', 'silent'),
    metrics,
    claim: async (limit) => (await claim(limit)).map((row) => ({ row, lateSeconds })),
    advance: ({ row }) => advance(row),
  })
  loop.start()
  return { loop, metrics }
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index)

describe('the recovery loop', () => {
  it('works through everything that is due at once, round after round, and counts it', async () => {
    const due = numbers(100)
    const limits: number[] = []
    const done: number[] = []
    const { loop, metrics } = start({
      claim: async (limit) => {
        limits.push(limit)
        return due.splice(0, limit)
      },
      advance: async (row) => {
        done.push(row)
        return row < 60 ? 'finished' : 'postponed'
      },
    })
    await eventually(() => expect(done).toHaveLength(100))
    await loop.stop()
    expect(Math.max(...limits)).toBeLessThanOrEqual(32)
    expect(done.toSorted((one, other) => one - other)).toEqual(numbers(100))
    expect(await recoveredIn(metrics, 'orders')).toEqual({ finished: 60, postponed: 40, failed: 0 })
  })

  it('has its counters from the start, so that an alarm sees the first change', async () => {
    const { loop, metrics } = start({ claim: async () => [], advance: async () => 'finished' })
    await loop.stop()
    expect(await metrics.registry.metrics()).toMatch(
      /recovery_rows_total\{saga="orders",outcome="postponed",service="order"\} 0\n/,
    )
    expect(await recoveredIn(metrics, 'orders')).toEqual({ finished: 0, postponed: 0, failed: 0 })
  })

  it('never works on more than one round at a time', async () => {
    let atOnce = 0
    let most = 0
    let rounds = 0
    const { loop } = start({
      claim: async () => {
        rounds += 1
        return numbers(32)
      },
      advance: async () => {
        atOnce += 1
        most = Math.max(most, atOnce)
        await sleep(2)
        atOnce -= 1
        return 'finished'
      },
    })
    await eventually(() => expect(rounds).toBeGreaterThan(5))
    await loop.stop()
    expect(most).toBe(32)
  })

  it('goes on with the others when one row fails, and with the next round when a look fails', async () => {
    const due = [[1, 2, 3], new Error('the database is away'), [4]]
    const done: number[] = []
    const { loop, metrics } = start({
      claim: async () => {
        const next = due.shift() ?? []
        if (next instanceof Error) throw next
        return next
      },
      advance: async (row) => {
        if (row === 2) throw new Error('cannot')
        done.push(row)
        return 'finished'
      },
    })
    await eventually(() => expect(done).toEqual([1, 3, 4]))
    await loop.stop()
    expect(await recoveredIn(metrics, 'orders')).toEqual({ finished: 3, postponed: 0, failed: 1 })
  })

  it('stops only when what it began is finished, and then looks no more', async () => {
    let looks = 0
    let isFinished = false
    const { loop } = start({
      claim: async () => {
        looks += 1
        return [1]
      },
      advance: async () => {
        await sleep(100)
        isFinished = true
        return 'finished'
      },
    })
    await eventually(() => expect(looks).toBe(1))
    await loop.stop()
    expect(isFinished).toBe(true)
    await sleep(60)
    expect(looks).toBe(1)
  })
})
