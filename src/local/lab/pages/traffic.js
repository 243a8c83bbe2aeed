/** @import { Arrow } from '../state.ts' */
/** @import { Way } from './layout.js' */

/** A dot for what has passed on an arrow since the last state; a few stand for many. */
const everyMs = 250
const travelMs = 700
const mostPerArrow = 3
const mostAtOnce = 160
const svgNamespace = 'http://www.w3.org/2000/svg'

const wantsNoMotion = () => matchMedia('(prefers-reduced-motion: reduce)').matches

/** @param {SVGGElement} parent @param {Way} way @param {number} delayMs */
const send = (parent, way, delayMs) => {
  const dot = document.createElementNS(svgNamespace, 'circle')
  dot.setAttribute('r', '3.5')
  parent.append(dot)
  const journey = dot.animate(
    way.points.map(({ x, y }) => ({ transform: `translate(${x}px, ${y}px)` })),
    { duration: travelMs, delay: delayMs, fill: 'both' },
  )
  const remove = () => dot.remove()
  // A dot that is stopped on its way is gone as well.
  journey.finished.then(remove, remove)
}

/** @returns {(parent: SVGGElement, arrows: readonly Arrow[], ways: ReadonlyMap<string, Way>) => void} */
export const createTraffic = () => {
  /** @type {ReadonlyMap<string, number> | undefined} */
  let before
  /** @type {ReadonlyMap<string, Way> | undefined} */
  let drawn
  return (parent, arrows, ways) => {
    // Dots that are on the ways of another layout would fly across this one.
    if (drawn !== ways) parent.replaceChildren()
    drawn = ways
    for (const { name, passed } of arrows) {
      const way = ways.get(name)
      // The first state tells what passed before anybody looked.
      const fresh = Math.min(mostPerArrow, passed - (before?.get(name) ?? passed))
      if (way === undefined || wantsNoMotion()) continue
      for (let index = 0; index < fresh && parent.childElementCount < mostAtOnce; index += 1) {
        send(parent, way, (index * everyMs) / fresh)
      }
    }
    before = new Map(arrows.map(({ name, passed }) => [name, passed]))
  }
}
