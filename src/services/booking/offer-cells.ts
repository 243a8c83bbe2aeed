/**
 * The map in cells: whoever looks around a place needs only the few lists of the cells that a circle
 * there can touch. There are several grids, so that a circle of any size touches few cells, and
 * covers much of them.
 */
export interface Place {
  readonly lat: number
  readonly lng: number
}

export const usualRadiusKm = 10
export const maxRadiusKm = 100

/** Of the ball that has the mean radius of the Earth: no distance on it is wrong by more than 0.6 %. */
const earthRadiusKm = 6_371.0088

/** A distance as the angle that it is at the middle of the Earth. */
const radiansOf = (km: number): number => km / earthRadiusKm

/** The same as what Postgres compares: it grows with the distance, and needs no arc. */
export const haversineOf = (km: number): number => Math.sin(radiansOf(km) / 2) ** 2

const toRadians = (degrees: number) => (degrees * Math.PI) / 180
const toDegrees = (radians: number) => (radians * 180) / Math.PI

/** Heights of a cell in degrees. The largest circle is 1.8 degrees wide. */
const grids = [0.05, 0.1, 0.2, 0.6, 2] as const

/** Rows of equal height from the south pole to the north pole, which belongs to the last one. */
const rowOf = (lat: number, height: number) =>
  Math.min(Math.floor((lat + 90) / height), Math.round(180 / height) - 1)

/** Towards the poles rows get shorter. No cell is ever narrower than it is high. */
const columnsIn = (row: number, height: number) => {
  const south = row * height - 90
  const farthest = Math.min(Math.max(Math.abs(south), Math.abs(south + height)), 90)
  return Math.max(1, Math.floor((360 * Math.cos(toRadians(farthest))) / height))
}

const columnOf = (lng: number, columns: number) => {
  const column = Math.floor(((lng + 180) / 360) * columns)
  // East of the last cell is the first one again.
  return ((column % columns) + columns) % columns
}

const nameOf = (grid: number, row: number, column: number) => `cell:${grid}:${row}:${column}`

/** The cell of a place in each grid. */
export const cellsAt = ({ lat, lng }: Place): string[] =>
  grids.map((height, grid) => {
    const row = rowOf(lat, height)
    return nameOf(grid, row, columnOf(lng, columnsIn(row, height)))
  })

/** A little more than nothing, so that rounding puts no place outside. */
const margin = 1e-9

/** How far a circle reaches to the east and to the west, in degrees. Around a pole it is everywhere. */
const reachOf = (lat: number, radius: number) => {
  const sine = Math.sin(radius) / Math.cos(toRadians(lat))
  const isAroundPole = Math.abs(lat) + toDegrees(radius) >= 90
  return isAroundPole || sine >= 1 ? 180 : toDegrees(Math.asin(sine)) + margin
}

const columnsBetween = (west: number, east: number, columns: number): number[] => {
  if (east - west >= 360) return Array.from({ length: columns }, (_, column) => column)
  const first = Math.floor(((west + 180) / 360) * columns)
  const last = Math.floor(((east + 180) / 360) * columns)
  const touched = Array.from({ length: last - first + 1 }, (_, index) =>
    columnOf(((first + index + 0.5) / columns) * 360 - 180, columns),
  )
  return [...new Set(touched)]
}

/** The cells that a circle may touch, all in the finest grid in which they are few. */
export const cellsAround = ({ lat, lng }: Place, radiusKm: number): string[] => {
  const radius = radiansOf(radiusKm)
  const high = toDegrees(radius) + margin
  const found = grids.findIndex((height) => 2 * high < height)
  const height = grids[found]
  if (height === undefined) throw new Error(`no grid is made for a circle of ${radiusKm} km`)
  const reach = reachOf(lat, radius)
  const south = rowOf(Math.max(lat - high, -90), height)
  const north = rowOf(Math.min(lat + high, 90), height)
  const rows = Array.from({ length: north - south + 1 }, (_, index) => south + index)
  return rows.flatMap((row) =>
    columnsBetween(lng - reach, lng + reach, columnsIn(row, height)).map((column) =>
      nameOf(found, row, column),
    ),
  )
}
