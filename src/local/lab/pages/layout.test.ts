import { describe, expect, it } from 'vitest'
import { registry, serviceNames } from '../../../registry.ts'
import type { BoxName } from '../state.ts'
import { narrow, wayOf, wide } from './layout.js'

/** All that may be drawn: who calls whom by the registry, for both replicas of order, and databases. */
const boxes: BoxName[] = ['people', ...serviceNames, 'order-2', 'postgres']
const replicasOf = (name: string) => (name === 'order' ? ['order', 'order-2'] : [name]) as BoxName[]
const calls = serviceNames.flatMap((caller) =>
  registry[caller].upstreams.flatMap((upstream) =>
    replicasOf(caller).flatMap((from) => replicasOf(upstream).map((to) => [from, to] as const)),
  ),
)
const toPostgres = serviceNames
  .filter((name) => registry[name].hasDatabase)
  .flatMap((name) => replicasOf(name).map((from) => [from, 'postgres'] as const))
const arrows = [['people', 'gateway'] as const, ...calls, ...toPostgres].map(([from, to]) => ({
  name: `${from}>${to}` as const,
  from,
  to,
}))

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
    for (const name of boxes.filter((each) => each !== arrow.from && each !== arrow.to)) {
      const box = layout.places[name]!
      const isHit = way!.points.some(
        ({ x, y }) =>
          Math.abs(x - box.x) < box.width / 2 + 1 && Math.abs(y - box.y) < box.height / 2 + 1,
      )
      expect(isHit, `${arrow.name} crosses ${name}`).toBe(false)
    }
  })
})
