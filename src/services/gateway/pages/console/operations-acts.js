/** @import { Answer } from './asking.js' */
/** @import { Act, Page } from './types.ts' */
import { useState } from 'preact/hooks'
import { useAnswer } from './asking.js'
import { html } from './html.js'
import { Empty, Loading, Panel, Time, TroublesOf } from './parts.js'

/** Who of the operators did what: the newest first, of all services. */
const limit = 50
const shown = 30

/** @param {string} service @returns {Answer<Page<Act>>} */
const useActs = (service) => useAnswer(`/acts/${service}?limit=${limit}`)

/** @param {{ act: Act }} props */
const ActRow = ({ act: { at, operator, method, target, requestId } }) =>
  html`<li>
    <span class="main"><b>${method}</b> <code>${target}</code></span>
    <span class="soft" title=${`Request ${requestId}`}>
      <${Time} at=${at} /> by <code>${operator}</code>
    </span>
  </li>`

export const ActsPanel = () => {
  const [hasLooks, setLooks] = useState(false)
  const answers = Object.entries({
    order: useActs('order'),
    booking: useActs('booking'),
    user: useActs('user'),
    billing: useActs('billing'),
    company: useActs('company'),
    notification: useActs('notification'),
  })
  const acts = answers
    .flatMap(([, { data }]) => data?.items ?? [])
    .filter(({ method }) => hasLooks || method !== 'GET')
    .toSorted((one, other) => (one.at > other.at ? -1 : 1))
    .slice(0, shown)
  const hasFailed = answers.some(([, { trouble }]) => trouble !== undefined)
  const isKnown = answers.every(
    ([, { data, trouble }]) => data !== undefined || trouble !== undefined,
  )
  const toggle = html`<label class="toggle">
    <input type="checkbox" checked=${hasLooks} onChange=${() => setLooks(!hasLooks)} />
    looks, too
  </label>`
  return html`<${Panel} id="acts" title="Who did what" aside=${toggle}>
    <${TroublesOf} answers=${answers} />
    ${!isKnown && html`<${Loading} lines=${3} />`}
    ${isKnown && !hasFailed && acts.length === 0 && html`<${Empty} title="No operator changed anything lately" />`}
    <ul class="finds">
      ${acts.map((act) => html`<${ActRow} key=${act.id} act=${act} />`)}
    </ul>
  </${Panel}>`
}
