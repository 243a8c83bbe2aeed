/** @import { Books, Healing, LabState, Load, Work } from '../state.ts' */
/** @import { Act } from './switches.js' */
import { useState } from 'preact/hooks'
import { formatDuration } from '../../../services/gateway/pages/console/format.js'
import { html } from '../../../services/gateway/pages/console/html.js'
import { Panel } from '../../../services/gateway/pages/console/parts.js'
import { rate, withNames, workWords } from './words.js'

/** Who orders, what waits, how long it took to heal, and whether the books agree. */
const mostClients = 50
const usualClients = 8

/** @param {{ name: string, value: string | number, tone?: string }} props */
const Figure = ({ name, value, tone = 'plain' }) =>
  html`<div data-tone=${tone}>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`

/** @param {{ load: Load, act: Act }} props */
export const LoadPanel = ({ load, act }) => {
  const { clients, ordersPerSecond, paid, rejected, waiting, unanswered } = load
  const [asked, setAsked] = useState(usualClients)
  const isOn = clients > 0
  const count = (/** @type {number} */ value) => value.toLocaleString('en')
  return html`<${Panel} id="load" title="People who order" kind="load">
    <form
      class="fields"
      onSubmit=${(/** @type {SubmitEvent} */ event) => {
        event.preventDefault()
        act('PUT', '/lab/load', { clients: asked })
      }}
    >
      <div class="field">
        <label for="clients">How many at once</label>
        <input
          id="clients"
          type="number"
          min="1"
          max=${mostClients}
          required
          value=${asked}
          onInput=${(/** @type {Event} */ { currentTarget }) =>
            setAsked(Number(/** @type {HTMLInputElement} */ (currentTarget).value))}
        />
      </div>
      <button type="submit" class=${isOn ? '' : 'primary'}>
        ${isOn ? 'Change' : 'Let them order'}
      </button>
      <button
        type="button"
        aria-disabled=${!isOn}
        onClick=${() => isOn && act('PUT', '/lab/load', { clients: 0 })}
      >
        Send them home
      </button>
    </form>
    <p class="soft" role="status">
      ${isOn ? `${clients} ${clients === 1 ? 'client orders' : 'clients order'}, and repeat with the same key what was not answered.` : 'Nobody orders now.'}
    </p>
    <dl class="figures">
      <${Figure} name="orders each second" value=${rate(ordersPerSecond).replace('/s', '')} />
      <${Figure} name="told “paid”" value=${count(paid)} tone="good" />
      <${Figure} name="told “refused”" value=${count(rejected)} />
      <${Figure} name="wait for their answer" value=${count(waiting)} tone=${waiting > 0 ? 'heal' : 'plain'} />
      <${Figure} name="answers so far that said nothing clear" value=${count(unanswered)} />
    </dl>
  </${Panel}>`
}

const [plotWidth, plotHeight] = [300, 72]

/** @param {Work['history'][number]} reading */
const heightOf = ({ undecided = 0, owedLetters = 0 }) => undecided + owedLetters

/** Undecided orders below, owed letters on top of them, second by second. @param {{ history: Work['history'] }} props */
const Plot = ({ history }) => {
  const slots = 60
  const shown = history.slice(-slots)
  const most = Math.max(4, ...shown.map((each) => heightOf(each)))
  const step = plotWidth / slots
  const highest = Math.max(0, ...shown.map((each) => heightOf(each)))
  return html`<svg
    class="waitplot"
    role="img"
    aria-label=${`The last ${shown.length} seconds: at most ${highest} orders and letters waited at once`}
    viewBox=${`0 0 ${plotWidth} ${plotHeight}`}
    preserveAspectRatio="none"
  >
    ${shown.map(({ undecided = 0, owedLetters = 0 }, index) => {
      const x = (slots - shown.length + index) * step
      const scale = (plotHeight - 2) / most
      const [low, high] = [undecided * scale, owedLetters * scale]
      return html`<g key=${index}>
        <rect class="undecided" x=${x} y=${plotHeight - low} width=${step * 0.8} height=${low} />
        <rect class="owed" x=${x} y=${plotHeight - low - high} width=${step * 0.8} height=${high} />
      </g>`
    })}
    <path class="floor" d=${`M0 ${plotHeight - 0.5} H${plotWidth}`} />
  </svg>`
}

/** @param {{ work: Work }} props */
export const WorkPanel = ({ work }) => {
  const { undecided, owedLetters, history } = work
  const shown = (/** @type {number | undefined} */ value) => (value === undefined ? '?' : value)
  return html`<${Panel} id="work" title="Not finished yet" kind="work">
    <dl class="figures">
      <${Figure} name="undecided" value=${shown(undecided)} tone="heal" />
      <${Figure} name="letters owed" value=${shown(owedLetters)} tone="owed" />
    </dl>
    <${Plot} history=${history} />
    <p class="soft">${workWords(work)}</p>
  </${Panel}>`
}

const mostHealings = 5

/** @param {{ healing: readonly Healing[], nowMs: number }} props */
export const HealingPanel = ({ healing, nowMs }) => {
  const newest = healing.toSorted((one, other) => other.endedAtMs - one.endedAtMs)
  return html`<${Panel} id="healing" title="Time to heal" kind="healing">
    ${
      healing.length === 0
        ? html`<p class="soft">
            Nothing was broken yet. Choose a box, and press one of its switches.
          </p>`
        : html`<ol>
            ${newest.slice(0, mostHealings).map(
              ({ what, endedAtMs, healedAfterMs }) =>
                html`<li key=${`${what} ${endedAtMs}`} data-healed=${healedAfterMs !== undefined}>
                  <span>${withNames(what)}</span>
                  <b
                    >${
                      healedAfterMs === undefined
                        ? `heals … ${formatDuration(Math.max(0, nowMs - endedAtMs))}`
                        : formatDuration(healedAfterMs)
                    }</b
                  >
                </li>`,
            )}
          </ol>`
    }
    <p class="soft">From the end of a fault until all is ready and nothing old waits.</p>
  </${Panel}>`
}

/** @type {Readonly<Record<Books['verdict'], { text: string, tone: string }>>} */
const verdicts = {
  'not looked yet': { text: 'Nobody has looked yet', tone: 'plain' },
  looking: { text: 'Looking …', tone: 'plain' },
  'they agree': { text: 'They agree', tone: 'good' },
  'they do not agree': { text: 'They do not agree', tone: 'bad' },
  'cannot look': { text: 'Nobody can look now', tone: 'plain' },
}

/** @param {{ books: Books, nowMs: number }} props */
export const BooksPanel = ({ books: { verdict, atMs, rows, findings }, nowMs }) => {
  const { text, tone } = verdicts[verdict]
  const when = atMs === undefined ? undefined : `${formatDuration(Math.max(0, nowMs - atMs))} ago`
  const what = rows === undefined ? undefined : `${rows.toLocaleString('en')} rows`
  return html`<${Panel} id="books" title="The books" kind="books">
    <p class="verdict" data-tone=${tone}>${text}</p>
    <p class="soft">${[what, when].filter((each) => each !== undefined).join(', ')}</p>
    ${
      findings.length > 0 &&
      html`<ul class="findings">
        ${findings.map((finding) => html`<li key=${finding}>${finding}</li>`)}
      </ul>`
    }
    <p class="soft">
      Orders, money and letters of all services, compared again and again while they are broken.
    </p>
  </${Panel}>`
}

/** Everything the picture shows, as text. @param {{ state: LabState }} props */
export const AsTable = ({ state: { boxes, arrows } }) =>
  html`<details class="as-table">
    <summary>The picture as a table</summary>
    <div class="tables">
      <table>
        <caption class="visually-hidden">
          Boxes and their health
        </caption>
        <thead>
          <tr>
            <th scope="col">Box</th>
            <th scope="col">Health</th>
            <th scope="col">Process</th>
          </tr>
        </thead>
        <tbody>
          ${boxes.map(
            ({ name, health, pid }) =>
              html`<tr key=${name}>
                <th scope="row">${name}</th>
                <td>${health}</td>
                <td>${pid ?? '–'}</td>
              </tr>`,
          )}
        </tbody>
      </table>
      <table>
        <caption class="visually-hidden">
          Arrows and what passes
        </caption>
        <thead>
          <tr>
            <th scope="col">Arrow</th>
            <th scope="col">Now</th>
            <th scope="col">In all</th>
          </tr>
        </thead>
        <tbody>
          ${arrows.map(
            ({ name, from, to, passed, perSecond }) =>
              html`<tr key=${name}>
                <th scope="row">${from} → ${to}</th>
                <td>${rate(perSecond)}</td>
                <td>${passed.toLocaleString('en')}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </details>`
