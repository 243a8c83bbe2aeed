/** @import { Arrow, Box, LabState, Switch } from '../state.ts' */
/** @import { Layout, Place, Way } from './layout.js' */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { formatDuration } from '../../../services/gateway/pages/console/format.js'
import { html } from '../../../services/gateway/pages/console/html.js'
import { narrow, wayOf, wide } from './layout.js'
import { createTraffic } from './traffic.js'
import { brokenIn, faultWords, healthWords, nameOfBox, rate, secondsLeft } from './words.js'

/** The architecture, what passes on its arrows, and what is broken in it. */
const narrowBelowPx = 640

/** @param {Place} place */
const cornersOf = ({ x, y, width, height }) => ({
  x: x - width / 2,
  y: y - height / 2,
  width,
  height,
})

/** @param {Switch} each @param {number} nowMs */
const switchText = (each, nowMs) => {
  const left = secondsLeft(each, nowMs)
  return `${faultWords[each.fault].doing}${left === undefined ? '' : ` · ${left} s`}`
}

/** The second line of a box. @param {Box} box @param {readonly Switch[]} on @param {LabState} state */
const statusOf = ({ name, health, sinceMs }, on, { load, nowMs }) => {
  if (name === 'people') {
    return load.clients === 0 ? 'nobody orders' : `${rate(load.ordersPerSecond)} orders`
  }
  const struck = on.find(({ target }) => target === name)
  if (struck !== undefined) return switchText(struck, nowMs)
  if (health === 'ready') return healthWords.ready
  return `${healthWords[health]} · ${formatDuration(Math.max(0, nowMs - sinceMs))}`
}

/** @param {{ box: Box, place: Place, on: readonly Switch[], state: LabState, isNarrow: boolean, isChosen: boolean, onChoose: (name: string) => void }} props */
const BoxShape = ({ box, place, on, state, isNarrow, isChosen, onChoose }) => {
  const { name, health } = box
  const { x, y, width, height } = place
  const status = statusOf(box, on, state)
  const isUpright = height > width
  const isLine = isUpright || name === 'people'
  return html`<g
    class="box"
    data-box=${name}
    data-health=${health}
    data-struck=${on.some(({ target }) => target === name)}
    data-chosen=${isChosen}
    onClick=${() => onChoose(name)}
  >
    <title>${nameOfBox(name)}: ${status}</title>
    <rect ...${cornersOf(place)} rx=${name === 'people' ? height / 2 : 9} />
    <g transform=${`translate(${x} ${y})${isUpright ? ' rotate(-90)' : ''}`}>
      ${
        isLine
          ? html`<text y="5">
              <tspan class="name">${nameOfBox(name)}</tspan>
              <tspan class="status" dx="8">${status}</tspan>
            </text>`
          : html`<text class="name" y=${isNarrow ? -3 : -4}>${nameOfBox(name)}</text>
              <text class="status" y=${isNarrow ? 14 : 17}>${status}</text>`
      }
    </g>
  </g>`
}

/** @param {Way} way */
const tipOf = ({ points }) => {
  const [last, before] = [points.at(-1), points.at(-3)]
  if (last === undefined || before === undefined) return undefined
  const angle = (Math.atan2(last.y - before.y, last.x - before.x) * 180) / Math.PI
  return `translate(${last.x.toFixed(1)} ${last.y.toFixed(1)}) rotate(${angle.toFixed(1)})`
}

/** What is on it, and for how long: in the middle of the arrow. @param {{ way: Way, on: readonly Switch[], nowMs: number, isNarrow: boolean }} props */
const ArrowMark = ({ way: { middle }, on, nowMs, isNarrow }) => {
  if (on.length === 0) return null
  const text = on.map((each) => switchText(each, nowMs)).join(', ')
  const width = text.length * (isNarrow ? 6.1 : 8) + 20
  // The letters of an arrow at the border stay inside the picture.
  const x = Math.max(
    width / 2 + 2,
    Math.min(middle.x, (isNarrow ? narrow : wide).width - width / 2 - 2),
  )
  return html`<g class="mark" transform=${`translate(${x} ${middle.y})`}>
    <rect x=${-width / 2} y="-13" width=${width} height="26" rx="13" />
    <text y=${isNarrow ? 4 : 5}>${text}</text>
  </g>`
}

/** @param {{ arrow: Arrow, way: Way, isSilent: boolean, isStruck: boolean, isChosen: boolean, onChoose: (name: string) => void }} props */
const ArrowShape = ({ arrow, way, isSilent, isStruck, isChosen, onChoose }) => {
  const { name, from, to, perSecond } = arrow
  // Twice as much is one step thicker: a busy arrow does not hide the others.
  const width = 1.25 + Math.min(2.5, Math.log2(1 + perSecond) * 0.45)
  return html`<g
    class="arrow"
    data-arrow=${name}
    data-kind=${to === 'postgres' ? 'database' : 'call'}
    data-silent=${isSilent}
    data-struck=${isStruck}
    data-chosen=${isChosen}
    onClick=${() => onChoose(name)}
  >
    <title>${nameOfBox(from)} → ${nameOfBox(to)}: ${rate(perSecond)}</title>
    <path class="hit" d=${way.d} />
    <path class="line" d=${way.d} stroke-width=${width.toFixed(2)} />
    <path class="head" d="M0 0 L-9 -4.5 V4.5 Z" transform=${tipOf(way)} />
  </g>`
}

/** @param {Layout} layout @param {readonly Arrow[]} arrows */
const waysIn = (layout, arrows) =>
  new Map(
    arrows.flatMap((arrow) => {
      const way = wayOf(layout, arrow)
      return way === undefined ? [] : [[arrow.name, way]]
    }),
  )

const useNarrow = () => {
  const element = useRef(/** @type {HTMLElement | null} */ (null))
  const [isNarrow, setNarrow] = useState(false)
  useEffect(() => {
    if (element.current === null) return undefined
    const observer = new ResizeObserver(([entry]) => {
      setNarrow((entry?.contentRect.width ?? narrowBelowPx) < narrowBelowPx)
    })
    observer.observe(element.current)
    return () => observer.disconnect()
  }, [])
  return { element, isNarrow }
}

/** The dots that move. @param {{ arrows: readonly Arrow[], ways: ReadonlyMap<string, Way> }} props */
const Traffic = ({ arrows, ways }) => {
  const element = useRef(/** @type {SVGGElement | null} */ (null))
  const traffic = useRef(createTraffic())
  useEffect(() => {
    if (element.current !== null) traffic.current(element.current, arrows, ways)
  }, [arrows, ways])
  return html`<g class="traffic" ref=${element}></g>`
}

/** What the picture shows, for those who do not see it. @param {LabState} state */
const summaryOf = (state) => {
  const broken = brokenIn(state)
  const told = broken.length === 0 ? 'nothing is broken' : broken.join(', ')
  return `The services and who calls whom: ${told}. The same is told below as a table.`
}

/** @param {{ state: LabState, chosen: string, onChoose: (name: string) => void }} props */
export const Picture = ({ state, chosen, onChoose }) => {
  const { element, isNarrow } = useNarrow()
  const layout = isNarrow ? narrow : wide
  const { boxes, arrows, switches, nowMs } = state
  const names = arrows.map(({ name }) => name).join(' ')
  const ways = useMemo(() => waysIn(layout, arrows), [layout, names])
  const on = switches.filter(({ isOn }) => isOn)
  const ill = new Set(boxes.filter(({ health }) => health !== 'ready').map(({ name }) => name))
  const drawn = arrows.flatMap((arrow) => {
    const way = ways.get(arrow.name)
    return way === undefined ? [] : [{ arrow, way }]
  })
  return html`<figure class="picture" ref=${element} data-narrow=${isNarrow}>
    <svg
      role="img"
      aria-label=${summaryOf(state)}
      viewBox=${`0 0 ${layout.width} ${layout.height}`}
    >
      ${drawn.map(
        ({ arrow, way }) =>
          html`<${ArrowShape}
            key=${arrow.name}
            arrow=${arrow}
            way=${way}
            isSilent=${ill.has(arrow.from) || ill.has(arrow.to)}
            isStruck=${on.some(({ target }) => target === arrow.name)}
            isChosen=${chosen === arrow.name}
            onChoose=${onChoose}
          />`,
      )}
      <rect class="pair" ...${cornersOf(layout.pair)} rx="14" />
      <${Traffic} arrows=${arrows} ways=${ways} />
      ${boxes.map((box) => {
        const place = layout.places[box.name]
        return (
          place !== undefined &&
          html`<${BoxShape}
            key=${box.name}
            box=${box}
            place=${place}
            on=${on}
            state=${state}
            isNarrow=${isNarrow}
            isChosen=${chosen === box.name}
            onChoose=${onChoose}
          />`
        )
      })}
      ${drawn.map(
        ({ arrow, way }) =>
          html`<${ArrowMark}
            key=${arrow.name}
            way=${way}
            on=${on.filter(({ target }) => target === arrow.name)}
            nowMs=${nowMs}
            isNarrow=${isNarrow}
          />`,
      )}
    </svg>
  </figure>`
}
