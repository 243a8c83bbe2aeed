import { globSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { faults } from './faults.ts'
import { stepOfIncident } from './incidents.ts'
import { createPacks, firstsForPairs, sampledJobs, singleJobs, type Job } from './jobs.ts'
import { loadOperations } from '../../lab/operations.ts'
import { placeName, type Point } from './points.ts'
import { isInCircle, watchedTables } from '../../lab/sagas.ts'
import { projectRoot } from '../../../tools/run-tool.ts'
import type { Scenario } from './scenario.ts'
import { scenarios } from './scenarios.ts'
import { plainVariant } from './variants.ts'

const visit = (epoch: string, name: string): Point => ({
  kind: 'statement',
  service: 'order',
  phase: 'after',
  name,
  epoch,
  nth: 1,
})

const scenarioOf = (name: string): Scenario => ({
  name,
  steps: [],
  people: () => [],
  outcome: () => [],
})

const variants = ['shop', 'fair'].map((name) => plainVariant(scenarioOf(name)))

const plan = (...points: Point[]) =>
  variants.flatMap((variant) =>
    points.map((point) => ({
      variant,
      point: { ...point, epoch: `${variant.name}: ${point.epoch}` },
    })),
  )

const planned = plan(
  visit('deposit', 'apply'),
  ...Array.from({ length: 9 }, (_, index) => visit('order', `statement ${index}`)),
  ...Array.from({ length: 4 }, (_, index) => visit('cancel', `statement ${index}`)),
)

const everyStep = scenarios.flatMap(({ steps }) => steps)

describe('the scenarios of the crash test', () => {
  it('go by every public route of the contracts, so that each is crashed', () => {
    const operator = { username: '*', password: '*' }
    const memory = {
      tag: '*',
      begunMs: 0,
      nobody: '*',
      operator,
      recall: () => '*',
      keep: () => {},
    }
    const asked = everyStep
      .flatMap(({ requests }) => requests(memory))
      .map(({ method, path }) => `${method} ${path.split('?')[0]}`)
    const promised = loadOperations()
      // The gateway's own only look, again and again, and how often differs from run to run.
      .filter(({ isInternal, service }) => !isInternal && service !== 'gateway')
      .map(({ method, template }) => `${method} ${template.replaceAll(/{\w+}/g, '*')}`)
    expect(promised.filter((route) => !asked.includes(route))).toEqual([])
  })

  it('have steps of different names, because faults are named by them', () => {
    const names = everyStep.map(({ name }) => name)
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
  })
})

describe('what the witness watches', () => {
  const isEdge = (value: unknown) =>
    typeof value === 'object' && value !== null && 'from' in value && 'to' in value
  const isEdges = (value: unknown) =>
    Array.isArray(value) && value.length > 0 && value.every(isEdge)

  it('is every table with edges in the states of its service', async () => {
    const files = globSync('src/services/*/states.ts', { cwd: projectRoot })
    const modules = await Promise.all(
      files.map((file) => import(join(projectRoot, file)) as Promise<Record<string, unknown>>),
    )
    const promised = modules.flatMap((one) => Object.values(one).filter(isEdges))
    expect(promised.length).toBeGreaterThan(2)
    const watched: unknown[] = watchedTables.map(({ edges }) => edges)
    expect(promised.filter((edges) => !watched.includes(edges))).toEqual([])
  })

  it('takes an edge for one that may come again only if the row can come back', () => {
    const [there, back] = [
      { from: 'OPEN', to: 'RESERVED', when: '' },
      { from: 'RESERVED', to: 'OPEN', when: '' },
    ]
    const away = { from: 'OPEN', to: 'CANCELLED', when: '' }
    const edges = [there, back, away]
    expect(edges.map((edge) => isInCircle(edges, edge))).toEqual([true, true, false])
  })
})

describe('jobs of the crash test', () => {
  it('are each run once, and only those of one scenario and different steps together', () => {
    const jobs = singleJobs(planned)
    const packs = createPacks(jobs, 6)
    const run: string[] = []
    while (packs.left() > 0) {
      const pack = packs.next()
      expect(new Set(pack.map(stepOfIncident)).size).toBe(pack.length)
      expect(new Set(pack.map(({ variant }) => variant.scenario)).size).toBe(1)
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
    const inCancel = firsts.filter(({ point }) => point.epoch.endsWith('cancel'))
    expect(inCancel).toHaveLength(4)
  })

  it('are drawn so that each fault strikes each place once, with other seeds at other visits', () => {
    const ofPlace = ({ strikes: [{ fault, at }] }: Job) => `${placeName(at)} ${fault.letter}`
    const everything = [...new Set(singleJobs(planned).map(ofPlace))].toSorted()
    const drawn = Array.from({ length: 20 }, (_, seed) => sampledJobs(planned, seed + 1))
    for (const jobs of drawn) expect(jobs.map(ofPlace).toSorted()).toStrictEqual(everything)
    expect(new Set(drawn.flat().map(({ name }) => name)).size).toBe(singleJobs(planned).length)
  })
})
