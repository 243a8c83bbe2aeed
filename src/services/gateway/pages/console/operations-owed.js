/** @import { Answer } from './asking.js' */
/** @import { Owed, OwedPage } from './types.ts' */
import { useAct, useAnswer, useSigned } from './asking.js'
import { formatDuration } from './format.js'
import { html } from './html.js'
import { Empty, Loading, Panel, Time, TroubleBox, TroublesOf } from './parts.js'

/** What is undecided or owed, the oldest first, with why, and a way to have it tried at once. */

/** Each look at a service is written down as an act of the operator: so not too often. */
const refreshMs = 10_000
/** What is younger is simply being done. */
const stuckFromMs = 10_000
const limit = 50

/** The page that shows it, for those that have one. @type {Readonly<Record<string, string>>} */
const pages = {
  order: 'orders',
  change: 'orders',
  booking: 'bookings',
  'booking-letter': 'bookings',
}

/** @param {{ owed: Owed, service: string, onDone: () => void }} props */
const OwedRow = ({ owed, service, onDone }) => {
  const { api } = useSigned()
  const { kind, id, about, state, createdAt, attempts, isAtWork, lastStep, lastReason, requestId } =
    owed
  const { run, isBusy, trouble } = useAct(async (/** @type {string} */ owedId, key) => {
    await api.post(`/owed/${service}/${owedId}/retry`, key)
    onDone()
  })
  const page = pages[kind]
  const name = html`${kind.replace('-', ' ')} <code>${id}</code>`
  const ageMs = Date.now() - Date.parse(createdAt)
  return html`<li data-stuck=${ageMs >= stuckFromMs}>
    <div>
      <p class="main">
        ${page === undefined ? name : html`<a href=${`#/${page}/${about}`}>${name}</a>`}
      </p>
      <p>
        ${lastStep === null ? 'Not tried yet' : `${lastStep}: ${lastReason ?? 'no reason is known'}`}
      </p>
      <p class="soft">
        ${state.toLowerCase()} for ${formatDuration(ageMs)}, since <${Time} at=${createdAt} />
        ${`; ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`}
        ${isAtWork ? ', somebody is at work' : ''}
      </p>
      <p class="soft">Request <code>${requestId}</code></p>
      <${TroubleBox} trouble=${trouble} />
    </div>
    <button type="button" class="small" aria-disabled=${isBusy} onClick=${() => run(id)}>
      ${isBusy ? 'Asking …' : 'Try now'}
      <span class="visually-hidden">: ${kind} ${id}</span>
    </button>
  </li>`
}

/** @param {string} service @returns {Answer<OwedPage>} */
const useOwed = (service) => useAnswer(`/owed/${service}?limit=${limit}`, { everyMs: refreshMs })

export const OwedPanel = () => {
  const answers = Object.entries({
    order: useOwed('order'),
    booking: useOwed('booking'),
    user: useOwed('user'),
    billing: useOwed('billing'),
  })
  const rows = answers
    .flatMap(([service, { data, reload }]) =>
      (data?.items ?? []).map((owed) => ({ service, owed, reload })),
    )
    .toSorted((one, other) => (one.owed.createdAt < other.owed.createdAt ? -1 : 1))
  const isKnown = answers.every(
    ([, { data, trouble }]) => data !== undefined || trouble !== undefined,
  )
  const hasFailed = answers.some(([, { trouble }]) => trouble !== undefined)
  const isMore = answers.some(([, { data }]) => data !== undefined && data.next !== null)
  return html`<${Panel}
    id="owed"
    title="Undecided or owed"
    aside=${html`<span class="soft">the oldest first, every ${refreshMs / 1_000} seconds</span>`}
  >
    <${TroublesOf} answers=${answers} />
    ${!isKnown && html`<${Loading} lines=${2} />`}
    ${
      isKnown &&
      !hasFailed &&
      rows.length === 0 &&
      html`<${Empty} title="Nothing is stuck"><p>All is decided, and all letters are written.</p></${Empty}>`
    }
    <ul class="owed">
      ${rows.map(
        ({ service, owed, reload }) =>
          html`<${OwedRow} key=${owed.id} owed=${owed} service=${service} onDone=${reload} />`,
      )}
    </ul>
    ${isMore && html`<p class="soft">There are more. These have waited longest.</p>`}
  </${Panel}>`
}
