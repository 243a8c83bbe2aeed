/** @import { Arrow, BoxName } from '../state.ts' */

/**
 * Where each box and each arrow of the picture is: numbers only, so that it can be tested without a
 * browser. The narrow picture is the wide one on its side: what is a column there is a row here.
 *
 * @typedef {{ x: number, y: number, width: number, height: number }} Place its middle, and its size
 * @typedef {{ x: number, y: number }} Point
 * @typedef {{ d: string, middle: Point, points: readonly Point[] }} Way
 * @typedef {object} Layout
 * @property {number} width
 * @property {number} height
 * @property {boolean} isNarrow
 * @property {Readonly<Partial<Record<BoxName, Place>>>} places
 * @property {Place} pair around both replicas of order: whoever calls order reaches one of them
 * @property {Readonly<Record<string, number>>} bends how far the middle of an arrow is moved aside
 * @property {Readonly<Record<string, readonly [Point, Point]>>} ends where one begins and ends that
 *   finds no way from middle to middle
 */

/**
 * Each service has a column of its own, so that the arrows from the gateway and to Postgres pass
 * between the others. Whoever calls others is higher than those whom it calls.
 * @type {readonly (readonly [BoxName, 0 | 1 | 2])[]}
 */
const columns = [
  ['identity', 2],
  ['user', 1],
  ['order', 0],
  ['order-2', 0],
  ['billing', 2],
  ['notification', 2],
  ['booking', 0],
  ['company', 1],
]

/** @param {(column: number, level: 0 | 1 | 2) => Place} placeOf */
const placesOf = (placeOf) =>
  Object.fromEntries(columns.map(([name, level], column) => [name, placeOf(column, level)]))

/** @type {Layout} */
export const wide = {
  width: 1_102,
  height: 568,
  isNarrow: false,
  places: {
    people: { x: 551, y: 26, width: 210, height: 44 },
    gateway: { x: 551, y: 114, width: 1_088, height: 50 },
    ...placesOf((column, level) => ({
      x: 68 + column * 138,
      y: [214, 324, 428][level] ?? 0,
      width: 122,
      height: 56,
    })),
    postgres: { x: 551, y: 540, width: 1_088, height: 50 },
  },
  pair: { x: 413, y: 214, width: 278, height: 76 },
  bends: {},
  ends: {},
}

/** @type {Layout} */
export const narrow = {
  width: 360,
  height: 596,
  isNarrow: true,
  places: {
    people: { x: 74, y: 22, width: 140, height: 36 },
    gateway: { x: 22, y: 332, width: 36, height: 520 },
    ...placesOf((column, level) => ({
      x: [112, 186, 252][level] ?? 0,
      y: 100 + column * 66,
      width: 86,
      height: 44,
    })),
    postgres: { x: 338, y: 332, width: 36, height: 520 },
  },
  pair: { x: 112, y: 265, width: 100, height: 124 },
  bends: { 'order>billing': -24, 'booking>billing': -24 },
  ends: {
    'order>notification': [
      { x: 162, y: 296 },
      { x: 208, y: 424 },
    ],
  },
}

/** @param {BoxName} name */
const isBar = (name) => name === 'gateway' || name === 'postgres'

/** Where the line from the middle of a box towards a point leaves the box. @param {Place} place @param {Point} towards @returns {Point} */
const edgeOf = (place, towards) => {
  const [dx, dy] = [towards.x - place.x, towards.y - place.y]
  const part = Math.min(
    dx === 0 ? Infinity : place.width / 2 / Math.abs(dx),
    dy === 0 ? Infinity : place.height / 2 / Math.abs(dy),
  )
  return { x: place.x + dx * part, y: place.y + dy * part }
}

/** A bar is met straight on, anywhere on it. @param {Place} bar @param {Place} other @param {boolean} isNarrow @returns {Place} */
const opposite = (bar, other, isNarrow) =>
  isNarrow ? { ...bar, y: other.y, height: 0 } : { ...bar, x: other.x, width: 0 }

const round = (/** @type {number} */ value) => Math.round(value * 10) / 10

/** Where an arrow leaves one box and meets the other. @param {Layout} layout @param {Pick<Arrow, 'name' | 'from' | 'to'>} arrow @param {Place} start @param {Place} end @returns {[Point, Point, Point]} */
const anchorsOf = ({ bends, ends, isNarrow }, { name, from, to }, start, end) => {
  const given = ends[name]
  if (given !== undefined) return [given[0], mean(...given), given[1]]
  // They come to the door from above, and it is on their left in the narrow picture.
  if (from === 'people') {
    const x = isNarrow ? end.x : start.x
    const first = { x, y: start.y + start.height / 2 }
    const last = { x, y: end.y - end.height / 2 }
    return [first, mean(first, last), last]
  }
  const one = isBar(from) ? opposite(start, end, isNarrow) : start
  const other = isBar(to) ? opposite(end, start, isNarrow) : end
  const bend = bends[name] ?? 0
  const length = Math.hypot(other.x - one.x, other.y - one.y) || 1
  const control = {
    x: (one.x + other.x) / 2 - ((other.y - one.y) / length) * bend,
    y: (one.y + other.y) / 2 + ((other.x - one.x) / length) * bend,
  }
  if (bend !== 0) return [edgeOf(one, control), control, edgeOf(other, control)]
  const [first, last] = [edgeOf(one, other), edgeOf(other, one)]
  return [first, mean(first, last), last]
}

/**
 * The way of an arrow between two boxes. Undefined when the picture does not know one of them.
 * @param {Layout} layout
 * @param {Pick<Arrow, 'name' | 'from' | 'to'>} arrow
 * @returns {Way | undefined}
 */
export const wayOf = (layout, arrow) => {
  const placeOf = (/** @type {BoxName} */ name) =>
    name === 'order' ? layout.pair : layout.places[name]
  const [start, end] = [placeOf(arrow.from), placeOf(arrow.to)]
  if (start === undefined || end === undefined) return undefined
  const [first, control, last] = anchorsOf(layout, arrow, start, end)
  const inWords = [first, control, last].map(({ x, y }) => `${round(x)} ${round(y)}`)
  return {
    d: `M${inWords[0]} Q${inWords[1]} ${inWords[2]}`,
    middle: along(first, control, last, 0.5),
    points: Array.from({ length: 33 }, (_, index) => along(first, control, last, index / 32)),
  }
}

/** @param {Point} one @param {Point} other @returns {Point} */
const mean = (one, other) => ({ x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 })

/** @param {Point} first @param {Point} control @param {Point} last @param {number} part @returns {Point} */
const along = (first, control, last, part) => {
  const [a, b, c] = [(1 - part) ** 2, 2 * part * (1 - part), part ** 2]
  return {
    x: a * first.x + b * control.x + c * last.x,
    y: a * first.y + b * control.y + c * last.y,
  }
}
