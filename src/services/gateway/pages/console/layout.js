/** @import { Story, StoryEvent } from './story.js' */

/**
 * Where everything of a story stands in the picture: numbers only, so that it can be tested without
 * a browser. Time runs from top to bottom, but not to scale: a call of 2 ms and one of 2 s are both
 * to be seen.
 *
 * @typedef {{ name: string, x: number, anchor: 'start' | 'middle' }} Lifeline
 * @typedef {{ event: StoryEvent, y: number, height: number, fromX: number, toX: number, labelX: number }} Row
 * @typedef {{ width: number, height: number, top: number, isNarrow: boolean, letterPx: number, lifelines: Lifeline[], rows: Row[] }} Layout
 */

const narrowBelow = 560
/** Lifelines further apart make the picture harder to read. */
const widestStep = 270
/** How wide a letter is on average, in each size of letters, in pixels. */
const letterOf = { wide: { name: 8.4, label: 6.6 }, narrow: { name: 7.2, label: 6.6 } }

/** @type {Readonly<Record<StoryEvent['kind'], number>>} */
const heights = { ask: 40, call: 66, note: 38, state: 38, pause: 34, waiting: 46 }

/**
 * @param {Story} story
 * @param {number} width
 * @returns {Layout}
 */
export const layOut = ({ lifelines: names, events }, width) => {
  const isNarrow = width < narrowBelow
  const letter = isNarrow ? letterOf.narrow : letterOf.wide
  const top = isNarrow ? 38 : 46
  // Beside the picture the wide one says when something began.
  const left = isNarrow ? 14 : 112
  const right = ((names.at(-1)?.length ?? 0) * letter.name) / 2 + 2
  const step = Math.min(widestStep, (width - left - right) / (names.length - 1))
  const lifelines = names.map((name, index) => ({
    name,
    x: Math.round(left + step * index),
    anchor: /** @type {Lifeline['anchor']} */ (isNarrow && index === 0 ? 'start' : 'middle'),
  }))
  const xOf = (/** @type {string} */ name) => {
    const found = lifelines.find((each) => each.name === name)
    if (found === undefined) throw new Error(`${name} takes no part`)
    return found.x
  }
  let y = top
  const rows = events.map((event) => {
    const height = heights[event.kind]
    const isCall = event.kind === 'call' || event.kind === 'ask'
    const fromX = isCall ? xOf(event.from) : 'on' in event ? xOf(event.on) : left
    const toX = isCall ? xOf(event.to) : fromX
    const row = { event, y, height, fromX, toX, labelX: Math.min(fromX, toX) + 10 }
    y += height
    return row
  })
  return { width, height: y + 14, top, isNarrow, letterPx: letter.label, lifelines, rows }
}

/**
 * As much of a text as fits, by the width of its letters: a picture cannot wrap it.
 * @param {string} text
 * @param {number} widthPx
 * @param {number} letterPx
 */
export const cut = (text, widthPx, letterPx) => {
  const fits = Math.max(4, Math.floor(widthPx / letterPx))
  return text.length <= fits ? text : `${text.slice(0, fits - 1).trimEnd()}…`
}
