import { curveOf } from './curve.ts'
import { machineLine } from './machine.ts'
import type { BenchResults, CurvePoint } from './results.ts'

/** The plot of throughput and latency against clients, as text: without a library or network. */
interface Line {
  readonly name: string
  readonly colour: string
  readonly dash?: string
  readonly value: (point: CurvePoint) => number
}

interface Panel {
  readonly title: string
  readonly left: number
  readonly lines: readonly Line[]
  /** Latencies differ by a factor of a thousand, so equal steps stand for equal factors. */
  readonly isLogarithmic: boolean
  readonly unit: string
}

const width = 920
const height = 420
const panel = { width: 360, height: 260, top: 84 }
const blue = '#1f6feb'
const orange = '#d1731f'

const panels: readonly Panel[] = [
  {
    title: 'orders per second',
    left: 70,
    isLogarithmic: false,
    unit: '',
    lines: [
      { name: 'orderly', colour: blue, value: ({ system }) => system.perSecond },
      { name: 'five bare statements', colour: orange, value: ({ bare }) => bare.perSecond },
    ],
  },
  {
    title: 'latency of an order, milliseconds',
    left: 530,
    isLogarithmic: true,
    unit: ' ms',
    lines: [
      { name: 'orderly, p50', colour: blue, value: ({ system }) => system.p50Ms },
      { name: 'orderly, p99', colour: blue, dash: '5 4', value: ({ system }) => system.p99Ms },
      { name: 'bare, p50', colour: orange, value: ({ bare }) => bare.p50Ms },
      { name: 'bare, p99', colour: orange, dash: '5 4', value: ({ bare }) => bare.p99Ms },
    ],
  },
]

const escape = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

const text = (x: number, y: number, content: string, more = '') =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${more}>${escape(content)}</text>`

const niceStep = (highest: number) => {
  const raw = highest / 5
  const power = 10 ** Math.floor(Math.log10(raw))
  return ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= raw) ?? 10) * power
}

const linearTicks = (highest: number) => {
  const step = niceStep(highest)
  return Array.from({ length: Math.ceil(highest / step) + 1 }, (_, index) => index * step)
}

const logarithmicTicks = (lowest: number, highest: number) => {
  const all = [-1, 0, 1, 2, 3].flatMap((power) => [1, 2, 5].map((digit) => digit * 10 ** power))
  const from = all.findLast((tick) => tick <= lowest) ?? 0.1
  const to = all.find((tick) => tick >= highest) ?? 5_000
  return all.filter((tick) => tick >= from && tick <= to)
}

const drawPanel = (points: readonly CurvePoint[], { left, ...what }: Panel): string => {
  const values = what.lines.flatMap(({ value }) => points.map(value)).filter((v) => v > 0)
  const [lowest, highest] = [Math.min(...values), Math.max(...values)]
  const ticks = what.isLogarithmic ? logarithmicTicks(lowest, highest) : linearTicks(highest)
  const scale = (value: number) => (what.isLogarithmic ? Math.log(value) : value)
  const bottom = scale(ticks[0] ?? 0)
  const top = scale(ticks.at(-1) ?? 1)
  const y = (value: number) =>
    panel.top + panel.height * (1 - (scale(value) - bottom) / (top - bottom))
  const steps = Math.max(1, points.length - 1)
  const x = (index: number) => left + (panel.width * index) / steps
  const parts = [text(left, panel.top - 34, what.title, 'class="title"')]
  for (const tick of ticks) {
    const at = y(tick).toFixed(1)
    parts.push(`<path class="grid" d="M${left} ${at}H${left + panel.width}"/>`)
    parts.push(
      text(left - 8, y(tick) + 4, tick.toLocaleString('en-GB') + what.unit, 'text-anchor="end"'),
    )
  }
  points.forEach(({ clients }, index) => {
    parts.push(
      text(x(index), panel.top + panel.height + 18, String(clients), 'text-anchor="middle"'),
    )
  })
  const middle = left + panel.width / 2
  parts.push(text(middle, panel.top + panel.height + 36, 'clients', 'text-anchor="middle"'))
  what.lines.forEach(({ name, colour, dash, value }, index) => {
    const path = points
      .map((point, place) => `${x(place).toFixed(1)},${y(Math.max(value(point), 1e-3)).toFixed(1)}`)
      .join(' ')
    const stroke = `stroke="${colour}"${dash ? ` stroke-dasharray="${dash}"` : ''}`
    parts.push(`<polyline class="line" ${stroke} points="${path}"/>`)
    const at = left + (index % 2) * 170
    const legendY = panel.top - 18 + Math.floor(index / 2) * 13
    parts.push(`<path class="line" ${stroke} d="M${at} ${legendY}h22"/>`)
    parts.push(text(at + 28, legendY + 4, name))
  })
  return parts.join('\n')
}

const style = `text{font:12px system-ui,sans-serif;fill:#24292f}.title{font-weight:600;font-size:14px}
.grid{stroke:#d0d7de;stroke-width:1}.line{fill:none;stroke-width:2}.small{font-size:11px;fill:#57606a}`

export const curvePicture = (results: BenchResults): string => {
  const about = `${results.takenAt.slice(0, 10)}, ${results.mode} run: ${machineLine(results.machine)}`
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="Orders per second and latency against clients">
<style>${style}</style>
<rect width="${width}" height="${height}" fill="#ffffff"/>
${panels.map((each) => drawPanel(curveOf(results), each)).join('\n')}
${text(70, height - 14, about, 'class="small"')}
</svg>
`
}
