import { describe, expect, it, vi } from 'vitest'
import { eventually } from '../../../test/lab/wait.ts'
import { createLog } from '../base/telemetry.ts'
import { createAfterwards } from './afterwards.ts'

const log = createLog('booking', 'silent')

const rows = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ id: `row-${index}` }))

describe('what nobody waits for', () => {
  it('starts together, in one turn of the event loop, and not before who adds it has ended', async () => {
    // On a machine that is slow enough, a moment is over before a hundred were added.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const turns: number[] = []
    let turn = 0
    const afterwards = createAfterwards({
      finish: async () => {
        if (turns.length === 0) setImmediate(() => (turn += 1))
        turns.push(turn)
      },
      log,
    })
    for (const row of rows(100)) {
      afterwards.add(row)
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(turns).toEqual([])
    vi.runAllTimers()
    vi.useRealTimers()
    await afterwards.stop()
    expect(turns).toEqual(rows(100).map(() => 0))
  })

  it('is finished before the process ends', async () => {
    const finished: string[] = []
    const afterwards = createAfterwards({
      finish: async ({ id }: { id: string }) => {
        await new Promise((resolve) => setTimeout(resolve, 100))
        finished.push(id)
      },
      log,
    })
    for (const row of rows(3)) afterwards.add(row)
    await afterwards.stop()
    expect(finished).toEqual(['row-0', 'row-1', 'row-2'])
  })

  it('does not pile up while it cannot be finished: recovery has the rest', async () => {
    const begun: string[] = []
    let goOn = () => {}
    const hanging = new Promise<void>((resolve) => (goOn = resolve))
    const afterwards = createAfterwards({
      finish: ({ id }: { id: string }) => {
        begun.push(id)
        return hanging
      },
      log,
    })
    for (const row of rows(600)) afterwards.add(row)
    await eventually(() => expect(begun).toHaveLength(512))
    afterwards.add({ id: 'one more' })
    goOn()
    await afterwards.stop()
    expect(begun).toHaveLength(512)

    // There is room again.
    afterwards.add({ id: 'later' })
    await eventually(() => expect(begun).toContain('later'))
  })

  it('does not stop others when one fails', async () => {
    const finished: string[] = []
    const afterwards = createAfterwards({
      finish: async ({ id }: { id: string }) => {
        if (id === 'row-1') throw new Error('the database is away')
        finished.push(id)
      },
      log,
    })
    for (const row of rows(3)) afterwards.add(row)
    await afterwards.stop()
    expect(finished).toEqual(['row-0', 'row-2'])
  })
})
