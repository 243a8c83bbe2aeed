/** @import { Layout, Lifeline, Row } from './layout.js' */
/** @import { Story } from './story.js' */
import { useEffect, useRef, useState } from 'preact/hooks'
import { exactTime, formatDuration } from './format.js'
import { html } from './html.js'
import { cut, layOut } from './layout.js'
import { sentenceOf } from './story.js'

/** Draws a story as a sequence diagram, and tells it as a list as well. */

/** The triangle at the end of an arrow. @param {{ x: number, y: number, isLeft: boolean }} props */
const Tip = ({ x, y, isLeft }) => {
  const back = isLeft ? 9 : -9
  return html`<path class="tip" d=${`M${x} ${y} l${back} -4.5 v9 z`} />`
}

/** @param {{ x: number, y: number }} props */
const Cross = ({ x, y }) =>
  html`<path class="cross" d=${`M${x - 5} ${y - 5} l10 10 M${x + 5} ${y - 5} l-10 10`} />`

/** @param {{ row: Row, layout: Layout }} props */
const Call = ({ row: { event, y, fromX, toX, labelX }, layout }) => {
  if (event.kind !== 'call') return null
  const { label, answer, outcome, isRecovery, attempt } = event
  const [askY, answerY] = [y + 22, y + 40]
  const isLeft = toX < fromX
  const [side, far] = isLeft ? [-6, 6] : [6, -6]
  const isLost = outcome === 'unknown'
  const lostX = Math.round(fromX + (toX - fromX) * 0.45)
  const said = attempt > 1 ? `${label} · attempt ${attempt}` : label
  const space = layout.width - labelX - 2
  return html`<g class="call" data-outcome=${outcome} data-recovery=${isRecovery}>
    <rect class="busy" x=${toX - 5} y=${askY - 4} width="10" height="26" rx="2" />
    <path class="ask" d=${`M${fromX + side} ${askY} H${toX + far}`} />
    <${Tip} x=${toX + far} y=${askY} isLeft=${isLeft} />
    <path class="answer" d=${`M${toX + far} ${answerY} H${isLost ? lostX : fromX + side}`} />
    ${
      isLost
        ? html`<${Cross} x=${lostX} y=${answerY} />`
        : html`<${Tip} x=${fromX + side} y=${answerY} isLeft=${!isLeft} />`
    }
    <text x=${labelX} y=${askY - 7}>${cut(said, space, layout.letterPx)}</text>
    <text class="told" x=${labelX} y=${answerY + 17}>${cut(answer, space, layout.letterPx)}</text>
  </g>`
}

/** @param {{ row: Row, layout: Layout }} props */
const Ask = ({ row: { event, y, fromX, toX, labelX }, layout }) => {
  if (event.kind !== 'ask') return null
  const askY = y + 24
  return html`<g class="asking">
    <path class="ask" d=${`M${fromX} ${askY} H${toX - 6}`} />
    <${Tip} x=${toX - 6} y=${askY} isLeft=${false} />
    <text x=${labelX} y=${askY - 7}
      >${cut(event.label, layout.width - labelX - 2, layout.letterPx)}</text
    >
  </g>`
}

/** It goes on: in two lines where one would be too long. @param {{ row: Row, layout: Layout }} props */
const Waiting = ({ row: { event, y, fromX }, layout }) => {
  if (event.kind !== 'waiting') return null
  const space = layout.width - fromX - 16
  const isShort = event.label.length * layout.letterPx <= space
  const lines = isShort ? [event.label] : event.label.split(': ')
  const firstY = y + 24.5 - (lines.length - 1) * 7
  return html`<g class="waiting">
    <circle class="pulse" cx=${fromX} cy=${y + 20} r="5" />
    ${lines.map(
      (line, index) =>
        html`<text x=${fromX + 14} y=${firstY + index * 15}
          >${cut(line, space, layout.letterPx)}</text
        >`,
    )}
  </g>`
}

/** What a service did by itself. @param {{ row: Row, layout: Layout }} props */
const Note = ({ row: { event, y, fromX }, layout }) => {
  if (event.kind !== 'note') return null
  const text = cut(event.label, layout.width - fromX - 14, layout.letterPx)
  return html`<g class="note">
    <circle cx=${fromX} cy=${y + 18} r="4" />
    <text x=${fromX + 12} y=${y + 22.5}>${text}</text>
  </g>`
}

/** What it decided: a label on its lifeline. @param {{ row: Row, layout: Layout }} props */
const State = ({ row: { event, y, fromX }, layout }) => {
  if (event.kind !== 'state') return null
  const width = Math.round(event.label.length * 8.4 + 22)
  const x = Math.max(1, Math.min(fromX - width / 2, layout.width - width - 1))
  return html`<g class="state" data-tone=${event.tone}>
    <rect x=${x} y=${y + 6} width=${width} height="24" rx="12" />
    <text x=${x + width / 2} y=${y + 22.5}>${event.label}</text>
  </g>`
}

/** @param {{ row: Row, layout: Layout }} props */
const Pause = ({ row: { event, y }, layout }) => {
  if (event.kind !== 'pause') return null
  const first = layout.lifelines[0]?.x ?? 0
  const last = layout.lifelines.at(-1)?.x ?? 0
  return html`<g class="pause">
    <rect x=${first - 8} y=${y + 8} width=${last - first + 16} height="20" />
    <path d=${`M${first - 8} ${y + 8} H${last + 8} M${first - 8} ${y + 28} H${last + 8}`} />
    <text x=${(first + last) / 2} y=${y + 22.5}>${formatDuration(event.ms)} later</text>
  </g>`
}

const shapes = { call: Call, ask: Ask, note: Note, state: State, waiting: Waiting, pause: Pause }

/** @param {{ row: Row, layout: Layout, startMs: number }} props */
const Event = ({ row, layout, startMs }) => {
  const { event, y } = row
  const Shape = shapes[event.kind]
  const sinceMs = Math.max(0, event.atMs - startMs)
  const isTimed = !layout.isNarrow && (event.kind === 'call' || event.kind === 'ask')
  return html`<g class="event">
    <title>${sentenceOf(event)} ${exactTime(new Date(event.atMs).toISOString())}</title>
    ${isTimed && html`<text class="when" x="0" y=${y + 26}>+${formatDuration(sinceMs)}</text>`}
    <${Shape} row=${row} layout=${layout} />
  </g>`
}

/** @param {{ lifeline: Lifeline, layout: Layout }} props */
const Line = ({ lifeline: { name, x, anchor }, layout: { height, top } }) =>
  html`<g class="lifeline">
    <path d=${`M${x} ${top - 14} V${height}`} />
    <text x=${anchor === 'start' ? 0 : x} y=${top - 22} text-anchor=${anchor}>${name}</text>
  </g>`

/** How wide the picture may be: its letters keep their size on every screen. */
const useWidth = () => {
  const element = useRef(/** @type {HTMLElement | null} */ (null))
  const [width, setWidth] = useState(0)
  useEffect(() => {
    if (element.current === null) return undefined
    const observer = new ResizeObserver(([entry]) => {
      setWidth(Math.floor(entry?.contentRect.width ?? 0))
    })
    observer.observe(element.current)
    return () => observer.disconnect()
  }, [])
  return { element, width }
}

/** @param {{ story: Story }} props */
const Legend = ({ story: { events } }) => {
  const calls = events.filter((event) => event.kind === 'call')
  const kinds = [
    ['plain', 'asked by the request', calls.some((call) => !call.isRecovery)],
    ['recovery', 'asked by recovery', calls.some((call) => call.isRecovery)],
    ['refused', 'refused', calls.some(({ outcome }) => outcome === 'refused')],
    [
      'unknown',
      'no answer: nothing is concluded from it',
      calls.some(({ outcome }) => outcome === 'unknown'),
    ],
  ]
  const shown = kinds.filter(([, , isThere]) => isThere)
  if (shown.length < 2) return null
  return html`<ul class="legend">
    ${shown.map(([kind, text]) => html`<li data-kind=${kind}>${text}</li>`)}
  </ul>`
}

/** @param {{ story: Story, title: string }} props */
export const Sequence = ({ story, title }) => {
  const { element, width } = useWidth()
  const layout = width > 0 ? layOut(story, Math.min(width, 1_060)) : undefined
  const startMs = story.events[0]?.atMs ?? 0
  return html`<figure
    class="sequence"
    ref=${element}
    data-open=${story.isOpen}
    data-narrow=${layout?.isNarrow === true}
  >
    ${
      layout !== undefined &&
      html`<svg
        role="img"
        aria-label=${`${title}: the sequence, told as a list below`}
        width=${layout.width}
        height=${layout.height}
        viewBox=${`0 0 ${layout.width} ${layout.height}`}
      >
        ${layout.lifelines.map((each) => html`<${Line} lifeline=${each} layout=${layout} />`)}
        ${layout.rows.map(
          (row, index) =>
            html`<${Event}
              key=${`${index} ${row.event.kind}`}
              row=${row}
              layout=${layout}
              startMs=${startMs}
            />`,
        )}
      </svg>`
    }
    <figcaption>
      <${Legend} story=${story} />
      <details>
        <summary>The same in words</summary>
        <ol>
          ${story.events.map((event) => html`<li data-kind=${event.kind}>${sentenceOf(event)}</li>`)}
        </ol>
      </details>
    </figcaption>
  </figure>`
}
