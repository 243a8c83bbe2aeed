import { describe, expect, it } from 'vitest'
import { faults } from './faults.ts'
import { stepOfIncident } from './incidents.ts'
import { createPacks, firstsForPairs, singleJobs } from './jobs.ts'
import { loadOperations } from '../../lab/operations.ts'
import { placeName, type Point } from './points.ts'
import { steps } from './scenario.ts'
import { plainVariant } from './variants.ts'

const visit = (epoch: string, name: string): Point => ({
  kind: 'statement',
  service: 'order',
  phase: 'after',
  name,
  epoch,
  nth: 1,
})

const plan = (...points: Point[]) => points.map((point) => ({ variant: plainVariant, point }))

const planned = plan(
  visit('deposit', 'apply'),
  ...Array.from({ length: 9 }, (_, index) => visit('order', `statement ${index}`)),
  ...Array.from({ length: 4 }, (_, index) => visit('cancel', `statement ${index}`)),
)

describe('the scenario of the crash test', () => {
  it('goes by every public route of the contracts, so that each is crashed', () => {
    const tokens = { accessToken: '*', refreshToken: '*', operatorToken: '*' }
    const operator = { username: '*', password: '*' }
    const memory = { tag: '*', nobody: '*', operator, userId: '*', orderId: '*', ...tokens }
    const asked = steps
      .flatMap(({ requests }) => requests(memory))
      .map(({ method, path }) => `${method} ${path.split('?')[0]}`)
    const promised = loadOperations()
      .filter(({ isInternal }) => !isInternal)
      .map(({ method, template }) => `${method} ${template.replaceAll(/{\w+}/g, '*')}`)
    expect(promised.filter((route) => !asked.includes(route))).toEqual([])
  })
})

describe('jobs of the crash test', () => {
  it('are each run once, and only those of different steps together', () => {
    const jobs = singleJobs(planned)
    const packs = createPacks(jobs, 6)
    const run: string[] = []
    while (packs.left() > 0) {
      const pack = packs.next()
      expect(new Set(pack.map(stepOfIncident)).size).toBe(pack.length)
      run.push(...pack.map(({ name }) => name))
    }
    expect(run.toSorted()).toStrictEqual(jobs.map(({ name }) => name).toSorted())
    expect(jobs).toHaveLength(
      planned.length * faults.filter(({ letter }) => 'KCPS'.includes(letter)).length,
    )
  })

  it('strike each place first once, and spread those that several steps visit', () => {
    const firsts = firstsForPairs(planned)
    const places = firsts.map(({ point }) => placeName(point))
    expect(places.toSorted()).toStrictEqual(
      [...new Set(planned.map(({ point }) => placeName(point)))].toSorted(),
    )
    const inCancel = firsts.filter(({ point }) => point.epoch === 'cancel')
    expect(inCancel).toHaveLength(4)
  })
})
