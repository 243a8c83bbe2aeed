import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { eventually } from '../../../test/lab/wait.ts'
import { createReading } from './reading.ts'

it('asks once for all who come within a moment, and again after it', async () => {
  let asked = 0
  const read = createReading(async () => (asked += 1), { keptMs: 50 })
  expect(await Promise.all([read(), read()])).toEqual([1, 1])
  expect(await read()).toBe(1)
  await eventually(async () => expect(await read()).toBeGreaterThan(1))
})

it('asks the more rarely the longer the answer takes', async () => {
  let asked = 0
  const slow = async () => {
    await sleep(20)
    return (asked += 1)
  }
  const read = createReading(slow, { keptMs: 1 })
  await read()
  await sleep(100)
  expect(await read()).toBe(1)
})

it('asks again soon after it failed, however long that took', async () => {
  let asked = 0
  const failingOnce = createReading(
    async () => {
      asked += 1
      await sleep(100)
      if (asked === 1) throw new Error('locked')
      return asked
    },
    { keptMs: 1 },
  )
  expect(await failingOnce()).toBeUndefined()
  await sleep(150)
  expect(await failingOnce()).toBe(2)
})

it('knows nothing when it fails or takes too long, and asks no second time meanwhile', async () => {
  let asked = 0
  const { promise, resolve } = Promise.withResolvers<string>()
  const hanging = createReading(
    () => {
      asked += 1
      return promise
    },
    { patienceMs: 10 },
  )
  expect(await hanging()).toBeUndefined()
  expect(await hanging()).toBeUndefined()
  expect(asked).toBe(1)
  resolve('late')
  expect(await hanging()).toBe('late')

  const failing = createReading(() => Promise.reject(new Error('away')))
  expect(await failing()).toBeUndefined()
})
