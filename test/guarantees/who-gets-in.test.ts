import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAsk } from '../judge/access/ask.ts'
import { createLeaks } from '../judge/access/leaks.ts'
import { accessRoutes } from '../judge/access/routes.ts'
import { createWalk, type Walk } from '../judge/access/walk.ts'
import type { World } from '../judge/access/world.ts'
import { whenFileEnds } from '../lab/cleanup.ts'
import { startLure } from '../lab/lure.ts'
import { openShop } from './who-gets-in/shop.ts'

/**
 * Every route of the contracts, with everybody who may come: who is let in is what the word of the
 * route says, and nobody else changes, learns or costs anything.
 */
const routes = accessRoutes()
const { ask, close } = createAsk()
let lure: Awaited<ReturnType<typeof startLure>>
let world: World
let walk: Walk['walk']
let cells = 0

beforeAll(async () => {
  lure = await startLure()
  whenFileEnds(close)
  world = await openShop(ask, lure.url)
  ;({ walk } = createWalk(world, ask))
})

afterAll(() => {
  process.stdout.write(`the route matrix: ${routes.length} routes, ${cells} cells\n`)
})

describe('who gets in', () => {
  it.each(routes.map((route) => [route.name, route.access, route] as const))(
    '%s is for %s',
    async (_name, _access, route) => {
      const walked = await walk(route)
      cells += walked.cells
      expect(walked.faults).toEqual([])
    },
  )

  it('never by the cursor of somebody else', async () => {
    const { faults, looked } = await createLeaks({ world, ask, routes }).cursors()
    expect(faults).toEqual([])
    expect(looked).toBeGreaterThanOrEqual(4)
  })

  it('never by the key of somebody else', async () => {
    const { faults, looked } = await createLeaks({ world, ask, routes }).keys()
    expect(faults).toEqual([])
    expect(looked).toBeGreaterThanOrEqual(4)
  })

  it('is never asked where a token says that its keys are', () => {
    expect(lure.asked()).toBe(0)
  })
})
