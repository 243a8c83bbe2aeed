import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cellsAround, cellsAt, maxRadiusKm, type Place } from './offer-cells.ts'

const radians = (degrees: number) => (degrees * Math.PI) / 180

/** The place that is so far away in that direction, on the same ball. */
const walk = ({ lat, lng }: Place, km: number, bearing: number): Place => {
  const [angle, north] = [km / 6_371.0088, radians(lat)]
  const sine =
    Math.sin(north) * Math.cos(angle) + Math.cos(north) * Math.sin(angle) * Math.cos(bearing)
  const there = Math.asin(Math.min(1, Math.max(-1, sine)))
  const east = Math.atan2(
    Math.sin(bearing) * Math.sin(angle) * Math.cos(north),
    Math.cos(angle) - Math.sin(north) * Math.sin(there),
  )
  const turned = lng + (east * 180) / Math.PI
  return { lat: (there * 180) / Math.PI, lng: ((((turned + 180) % 360) + 360) % 360) - 180 }
}

const anywhere = fc.oneof(
  { withCrossShrink: true },
  fc.record({
    lat: fc.double({ min: -90, max: 90, noNaN: true }),
    lng: fc.double({ min: -180, max: 180, noNaN: true }),
  }),
  // Around the poles, the date line and the edges of cells.
  fc.record({
    lat: fc.constantFrom(-90, 90, -89.95, 89.9, 88, -88, 86, 0, 60, 52.6),
    lng: fc.constantFrom(-180, 180, 179.9999, -179.9999, 0, 90, 0.05),
  }),
  fc.record({
    lat: fc.double({ min: 87, max: 90, noNaN: true }),
    lng: fc.double({ min: 175, max: 180, noNaN: true }),
  }),
)
const radiusKm = fc.oneof(
  fc.double({ min: 0, max: maxRadiusKm, noNaN: true }),
  fc.constantFrom(0, 1, 5, 10, 30, maxRadiusKm),
)

describe('the cells around a place', () => {
  it('hold every place within the circle, also at the date line and at the poles', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true })
    const bearing = fc.double({ min: 0, max: 2 * Math.PI, noNaN: true })
    fc.assert(
      fc.property(anywhere, radiusKm, share, bearing, (middle, km, part, direction) => {
        const there = walk(middle, km * part, direction)
        const around = new Set(cellsAround(middle, km))
        expect(cellsAt(there).filter((cell) => around.has(cell))).toHaveLength(1)
      }),
      { numRuns: 4_000 },
    )
  })

  it('are few, and none is there twice', () => {
    fc.assert(
      fc.property(anywhere, radiusKm, (middle, km) => {
        const cells = cellsAround(middle, km)
        expect(new Set(cells).size).toBe(cells.length)
        expect(cells.length).toBeLessThanOrEqual(6)
      }),
      { numRuns: 4_000 },
    )
  })

  it('are the same for both names of the date line', () => {
    for (const lat of [-90, -33, 0, 67, 90]) {
      expect(cellsAt({ lat, lng: 180 })).toEqual(cellsAt({ lat, lng: -180 }))
    }
  })
})
