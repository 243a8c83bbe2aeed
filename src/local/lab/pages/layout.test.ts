import { describe, expect, it } from 'vitest'
import { registry, serviceNames, servicesWithDatabase } from '../../../registry.ts'
import type { BoxName } from '../state.ts'
import { narrow, wayOf, wide } from './layout.js'

/** All that may be drawn: who calls whom by the registry, and its database. */
const boxes: BoxName[] = ['people', ...serviceNames, 'order-2', 'postgres']
const calls = serviceNames.flatMap((caller) =>
  registry[caller].upstreams.map((upstream) => [caller, upstream] as const),
)
const toPostgres = servicesWithDatabase.map((name) => [name, 'postgres'] as const)
const arrows = [['people', 'gateway'] as const, ...calls, ...toPostgres].map(([from, to]) => ({
  name: `${from}>${to}` as const,
  from,
  to,
}))
/** Whoever calls order reaches one of two. */
const replicasOf = (name: BoxName) => (name === 'order' ? ['order', 'order-2'] : [name])

describe.each([
  ['wide', wide],
  ['narrow', narrow],
])('the %s picture', (_, layout) => {
  it('has a place for every box, inside it and apart from the others', () => {
    const placed = boxes.map((name) => layout.places[name])
    expect(placed).not.toContain(undefined)
    for (const [index, box] of placed.entries()) {
      expect(box!.x - box!.width / 2).toBeGreaterThanOrEqual(0)
      expect(box!.x + box!.width / 2).toBeLessThanOrEqual(layout.width)
      expect(box!.y + box!.height / 2).toBeLessThanOrEqual(layout.height)
      for (const other of placed.slice(index + 1)) {
        const isApart =
          Math.abs(box!.x - other!.x) >= (box!.width + other!.width) / 2 ||
          Math.abs(box!.y - other!.y) >= (box!.height + other!.height) / 2
        expect(isApart, `${boxes[index]} overlaps`).toBe(true)
      }
    }
  })

  it.each(arrows)('draws $name from one to the other, and through nobody else', (arrow) => {
    const way = wayOf(layout, arrow)
    const itsOwn = [arrow.from, arrow.to].flatMap(replicasOf)
    for (const name of boxes.filter((each) => !itsOwn.includes(each))) {
      const box = layout.places[name]!
      const isHit = way!.points.some(
        ({ x, y }) =>
          Math.abs(x - box.x) < box.width / 2 + 1 && Math.abs(y - box.y) < box.height / 2 + 1,
      )
      expect(isHit, `${arrow.name} crosses ${name}`).toBe(false)
    }
  })
})
