/** @import { Answer } from './asking.js' */
/** @import { Books, ServicesView, ServiceView } from './types.ts' */
import { useAnswer } from './asking.js'
import { formatDuration } from './format.js'
import { html } from './html.js'
import { ActsPanel } from './operations-acts.js'
import { OwedPanel } from './operations-owed.js'
import { SearchPanel } from './operations-search.js'
import { Badge, Empty, Heading, Loading, Panel, Time, TroubleBox } from './parts.js'
import { lastMinute, slotsOf } from './plot.js'

/** What an operator looks at: what runs, what is stuck and why, who did what, and the books. */
const refreshMs = 5_000
const bars = 45
const [plotWidth, plotHeight] = [180, 36]

/** Requests as bars, with what failed of them; the slowest as a line. @param {{ service: ServiceView, endMs: number }} props */
const Plot = ({ service: { name, traffic }, endMs }) => {
  const slots = slotsOf(traffic, endMs, bars)
  const most = Math.max(1, ...slots.map(({ requests }) => requests))
  const slowest = Math.max(1, ...slots.map(({ p99Ms = 0 }) => p99Ms))
  const step = plotWidth / bars
  const line = slots
    .flatMap(({ p99Ms }, index) =>
      p99Ms === undefined
        ? []
        : [`${(index + 0.5) * step} ${plotHeight - 1 - (p99Ms / slowest) * (plotHeight - 3)}`],
    )
    .join(' L')
  return html`<svg
    class="plot"
    role="img"
    aria-label=${`${name} in the last 15 minutes: at most ${Math.round(most)} requests in 20 seconds, the slowest took ${formatDuration(slowest)}`}
    viewBox=${`0 0 ${plotWidth} ${plotHeight}`}
    width=${plotWidth}
    height=${plotHeight}
  >
    <path class="floor" d=${`M0 ${plotHeight - 0.5} H${plotWidth}`} />
    ${slots.map(({ requests, errors }, index) => {
      const height = (requests / most) * (plotHeight - 2)
      const failed = (errors / most) * (plotHeight - 2)
      const x = index * step
      return (
        requests > 0 &&
        html`<g>
          <rect x=${x} y=${plotHeight - height} width=${step - 1} height=${height} />
          <rect class="failed" x=${x} y=${plotHeight - failed} width=${step - 1} height=${failed} />
        </g>`
      )
    })}
    ${line !== '' && html`<path class="slowest" d=${`M${line}`} />`}
  </svg>`
}

/** @param {{ service: ServiceView, endMs: number }} props */
const ServiceRow = ({ service, endMs }) => {
  const { name, isReady, replicas, areAllReplicas, traffic } = service
  const { perSecond, errors, p50Ms, p99Ms } = lastMinute(traffic, endMs)
  const count = `${replicas.length}${areAllReplicas ? '' : ' or more'}`
  const seen = replicas.map(({ instance }) => instance).join(', ')
  return html`<tr>
    <th scope="row">${name}</th>
    <td><${Badge} status=${isReady ? 'READY' : 'NOT READY'} /></td>
    <td title=${seen}>${count}</td>
    <td>${perSecond.toFixed(perSecond < 10 ? 1 : 0)}/s</td>
    <td data-tone=${errors > 0 ? 'bad' : 'plain'}>${errors}</td>
    <td>${p50Ms > 0 ? formatDuration(p50Ms) : '–'}</td>
    <td>${p99Ms > 0 ? formatDuration(p99Ms) : '–'}</td>
    <td><${Plot} service=${service} endMs=${endMs} /></td>
  </tr>`
}

const ServicesPanel = () => {
  /** @type {Answer<ServicesView>} */
  const { data, trouble, reload } = useAnswer('/console/services', { everyMs: refreshMs })
  const endMs = Date.parse(data?.at ?? '')
  return html`<${Panel}
    id="services"
    title="Services"
    aside=${html`<span class="soft">through this gateway, the last minute; bars: 15 minutes</span>`}
  >
    <${TroubleBox} trouble=${trouble} onRetry=${reload} />
    ${data === undefined && trouble === undefined && html`<${Loading} lines=${8} />`}
    ${
      data !== undefined &&
      html`<div class="scroll" tabindex="0" role="region" aria-label="Services, as a table">
        <table>
          <thead>
            <tr>
              <th scope="col">Service</th>
              <th scope="col">Health</th>
              <th scope="col">Replicas</th>
              <th scope="col">Requests</th>
              <th scope="col">Errors</th>
              <th scope="col">Half within</th>
              <th scope="col">99 % within</th>
              <th scope="col">15 minutes</th>
            </tr>
          </thead>
          <tbody>
            ${data.services.map(
              (service) =>
                html`<${ServiceRow} key=${service.name} service=${service} endMs=${endMs} />`,
            )}
          </tbody>
        </table>
      </div>`
    }
  </${Panel}>`
}

const BooksPanel = () => {
  /** @type {Answer<Books>} */
  const { data, trouble, reload } = useAnswer('/books')
  const latest = data?.latest
  return html`<${Panel} id="books" title="The books">
    <${TroubleBox} trouble=${trouble} onRetry=${reload} />
    ${data === undefined && trouble === undefined && html`<${Loading} lines=${2} />`}
    ${
      latest === null &&
      html`<${Empty} title="Nobody has compared them yet">
        <p><code>npm run audit</code> does, while everything works.</p>
      </${Empty}>`
    }
    ${
      latest &&
      html`<p class="verdict" data-tone=${latest.violations === 0 ? 'good' : 'bad'}>
          ${latest.violations === 0 ? 'They add up.' : `${latest.violations} things do not add up.`}
        </p>
        <p class="soft">
          ${latest.rows.toLocaleString('en')} rows in ${formatDuration(latest.durationMs)},${' '}
          <${Time} at=${latest.startedAt} />
          ${latest.since && html`, only what was touched since <${Time} at=${latest.since} />`}
        </p>
        <ul class="violations">
          ${Object.entries(latest.byInvariant).map(
            ([name, count]) => html`<li key=${name}><code>${name}</code> ${count}</li>`,
          )}
        </ul>`
    }
  </${Panel}>`
}

export const OperationsPage = () =>
  html`<div class="operations">
    <${Heading} title="Operations" />
    <${SearchPanel} />
    <${OwedPanel} />
    <${ServicesPanel} />
    <div class="pair">
      <${ActsPanel} />
      <${BooksPanel} />
    </div>
  </div>`
