/** @import { LabState, Scene, SceneRun } from '../state.ts' */
/** @import { Trouble } from '../../../services/gateway/pages/console/types.ts' */
/** @import { Connection } from './asking.js' */
import { render } from 'preact'
import { useState } from 'preact/hooks'
import { html } from '../../../services/gateway/pages/console/html.js'
import { Loading, TroubleBox } from '../../../services/gateway/pages/console/parts.js'
import { ask, useLab, useScenes } from './asking.js'
import { AsTable, BooksPanel, HealingPanel, LoadPanel, WorkPanel } from './panels.js'
import { Picture } from './picture.js'
import { SwitchesPanel } from './switches.js'
import { Tour } from './tour.js'
import { brokenIn } from './words.js'

/** Puts the page together. */
const root = /** @type {HTMLElement} */ (document.querySelector('#lab'))
const { gateway = '' } = root.dataset
const usualSeconds = 10

/** @param {{ state: LabState | undefined, connection: Connection, onMend: () => void }} props */
const Bar = ({ state, connection, onMend }) => {
  const broken = state === undefined ? [] : brokenIn(state)
  const isLost = connection === 'lost'
  const told = isLost
    ? 'The lab does not answer. Is it still running? Trying again …'
    : state === undefined
      ? 'Connecting …'
      : broken.length === 0
        ? 'Nothing is broken'
        : broken.join(' · ')
  const tone = isLost || broken.length > 0 ? 'bad' : state === undefined ? 'plain' : 'good'
  return html`<header class="bar lab-bar">
    <a class="wordmark" href=${gateway}>orderly</a>
    <nav aria-label="Elsewhere">
      <a href=${`${gateway}/console`}>Console</a>
      <a href="#tour">Tour</a>
    </nav>
    <p class="broken badge" data-tone=${tone} role="status">${told}</p>
    <button type="button" class=${broken.length > 0 ? 'mend primary' : 'mend'} onClick=${onMend}>
      Mend all
    </button>
  </header>`
}

/** @param {{ trouble: Trouble | undefined, onClose: () => void }} props */
const Trouble = ({ trouble, onClose }) =>
  trouble !== undefined &&
  html`<div class="act-trouble">
    <${TroubleBox} trouble=${trouble} />
    <button type="button" class="small" onClick=${onClose}>Close</button>
  </div>`

/**
 * What happens now in the scene that plays: whoever looks at the picture does not see the tour.
 * @param {{ scenes: readonly Scene[] | undefined, run: SceneRun | undefined }} props
 */
const Caption = ({ scenes, run }) => {
  const title = scenes?.find(({ id }) => id === run?.id)?.title
  const step = run?.steps.find(({ state }) => state === 'now' || state === 'failed')
  if (run?.isRunning !== true || title === undefined) {
    return html`<p class="caption soft">
      Press a box or an arrow. A dot is a request or a statement that passed; a few stand for many.
    </p>`
  }
  return html`<p class="caption playing"><b>${title}</b> <span>${step?.text}</span></p>`
}

const Lab = () => {
  const { state, connection } = useLab()
  const scenes = useScenes(connection === 'live')
  const [chosen, setChosen] = useState('billing')
  const [seconds, setSeconds] = useState(usualSeconds)
  const [trouble, setTrouble] = useState(/** @type {Trouble | undefined} */ (undefined))
  /** @param {string} method @param {string} path @param {unknown} [body] */
  const act = (method, path, body) => {
    void ask(method, path, body).then(setTrouble)
  }
  const mend = () => act('POST', '/lab/mend')
  return html`<a class="skip" href="#main">Skip to the content</a>
    <${Bar} state=${state} connection=${connection} onMend=${mend} />
    <main id="main" data-connection=${connection}>
      <${Trouble} trouble=${trouble} onClose=${() => setTrouble(undefined)} />
      <h1>Break it, and watch it heal</h1>
      ${
        state === undefined
          ? html`<${Loading} lines=${10} />`
          : html`<div class="stage-and-switches">
                <section class="panel system" aria-label="The system">
                  <${Caption} scenes=${scenes} run=${state.scene} />
                  <${Picture} state=${state} chosen=${chosen} onChoose=${setChosen} />
                  <${AsTable} state=${state} />
                </section>

                <${SwitchesPanel}
                  state=${state}
                  chosen=${chosen}
                  onChoose=${setChosen}
                  act=${act}
                  seconds=${seconds}
                  onSeconds=${setSeconds}
                />
                <${LoadPanel} load=${state.load} act=${act} />
              </div>
              <div class="readings">
                <${WorkPanel} work=${state.work} />
                <${HealingPanel} healing=${state.healing} nowMs=${state.nowMs} />
                <${BooksPanel} books=${state.books} nowMs=${state.nowMs} />
              </div>
              <div id="tour" tabindex="-1">
                <${Tour} scenes=${scenes} run=${state.scene} act=${act} />
              </div>`
      }
    </main>`
}

root.replaceChildren()
render(html`<${Lab} />`, root)
