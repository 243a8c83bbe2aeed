import { randomInt, randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { createPauses, isDefinite, type People, type Person, type Request } from './people.ts'
import type { Load } from './state.ts'

/** An order takes a few milliseconds; the laptop should do other things as well. */
const leastMsPerOrder = 200
const pocketMoney = 100_000
const usualPrice = 10_000
/** One of so many is dearer than all that anybody has. */
const tooDearEach = 12
const rateOverMs = 5_000

const newOrder = (): Request => {
  const isTooDear = randomInt(tooDearEach) === 0
  const price = isTooDear ? pocketMoney * 10 : randomInt(1, usualPrice)
  return { method: 'POST', path: '/orders', key: randomUUID(), body: { price } }
}

/** Clients who order, one after the other, as many as one likes. */
export const createLoad = (people: People, signal: AbortSignal) => {
  const counts = { paid: 0, rejected: 0, waiting: 0, unanswered: 0 }
  /** Of the last seconds. */
  const decidedAtMs: number[] = []
  const persons: Promise<Person>[] = []
  const atWork = new Set<number>()
  let wanted = 0

  const forgetFormer = () => {
    while ((decidedAtMs[0] ?? Date.now()) < Date.now() - rateOverMs) decidedAtMs.shift()
  }

  /** One after the other: each password takes a tenth of a second of work. */
  const personOf = (index: number): Promise<Person> => {
    const before = persons[index - 1] ?? Promise.resolve()
    persons[index] ??= before.then(async () => {
      const person = await people.signUp('lab')
      await people.deposit(person, pocketMoney)
      return person
    })
    return persons[index]
  }

  const order = async (person: Person) => {
    const request = newOrder()
    const pause = createPauses(signal)
    let isWaiting = false
    for (;;) {
      const told = await people.ask(person, request)
      if (isDefinite(told)) {
        if (isWaiting) counts.waiting -= 1
        decidedAtMs.push(Date.now())
        forgetFormer()
        if (told.status === 201) counts.paid += 1
        if (told.status === 402) counts.rejected += 1
        return told.status
      }
      counts.unanswered += 1
      if (!isWaiting) counts.waiting += 1
      isWaiting = true
      await pause()
    }
  }

  const shop = async (index: number) => {
    const person = await personOf(index)
    while (index < wanted && !signal.aborted) {
      const startMs = performance.now()
      const status = await order(person)
      if (status === 402) await people.deposit(person, pocketMoney)
      const restMs = leastMsPerOrder - (performance.now() - startMs)
      await sleep(Math.max(restMs, 0), undefined, { signal })
    }
  }

  const employ = (index: number) => {
    if (atWork.has(index)) return
    atWork.add(index)
    // It ends with an error only when everything ends.
    void shop(index)
      .catch(() => {})
      .finally(() => {
        atWork.delete(index)
        if (index < wanted && !signal.aborted) employ(index)
      })
  }

  return {
    set: (clients: number) => {
      wanted = clients
      for (let index = 0; index < clients; index += 1) employ(index)
    },
    tell: (): Load => {
      forgetFormer()
      return {
        clients: wanted,
        ordersPerSecond: decidedAtMs.length / (rateOverMs / 1_000),
        ...counts,
      }
    },
  }
}

export type LoadOfPeople = ReturnType<typeof createLoad>
