/** @import { OrderDetails, TimelineEntry } from '../../../services/gateway/pages/console/types.ts' */
/** @import { Scene, SceneRun, SceneStep } from '../state.ts' */
/** @import { Act } from './switches.js' */
import { useEffect, useState } from 'preact/hooks'
import { html } from '../../../services/gateway/pages/console/html.js'
import { Loading } from '../../../services/gateway/pages/console/parts.js'
import { Sequence } from '../../../services/gateway/pages/console/sequence.js'
import { storyOfOrder } from '../../../services/gateway/pages/console/story.js'

/** Six scenes: each breaks something by itself, and shows why nothing is lost by it. */

/** The order as the console's story wants it. @param {SceneRun} run @returns {OrderDetails | undefined} */
const orderOf = ({ order, timeline }) => {
  if (order === undefined || order === null) return undefined
  const details = /** @type {OrderDetails} */ (order)
  const told = /** @type {{ items?: TimelineEntry[] } | TimelineEntry[] | undefined} */ (timeline)
  const entries = Array.isArray(told) ? told : (told?.items ?? details.timeline ?? [])
  return { ...details, timeline: entries, changes: details.changes ?? [] }
}

/** @type {Readonly<Record<SceneStep['state'], string>>} */
const stepWords = { 'to come': 'to come', now: 'now', done: 'done', failed: 'failed' }

/** @param {{ run: SceneRun }} props */
const Steps = ({ run: { steps, result, isAsPromised, isRunning } }) =>
  html`<ol class="steps" aria-label="What happens">
      ${steps.map(
        ({ text, state }, index) =>
          html`<li
            key=${index}
            data-state=${state}
            aria-current=${state === 'now' ? 'step' : undefined}
          >
            <span>${text}</span><span class="visually-hidden"> (${stepWords[state]})</span>
          </li>`,
      )}
    </ol>
    <div role="status">
      ${
        !isRunning &&
        result !== undefined &&
        html`<p class="result" data-tone=${isAsPromised === false ? 'bad' : 'good'}>
          ${isAsPromised === false ? 'Not as promised: ' : ''}${result}
        </p>`
      }
    </div>`

/** @param {{ scene: Scene, run: SceneRun | undefined, isOtherRunning: boolean, isBusy: boolean, act: Act }} props */
const Player = ({ scene, run, isOtherRunning, act }) => {
  const isRunning = run?.isRunning === true
  if (isRunning) {
    return html`<p class="buttons">
      <button type="button" onClick=${() => act('DELETE', '/lab/tour')}>Stop the scene</button>
    </p>`
  }
  return html`<p class="buttons">
    <button
      type="button"
      class="primary"
      aria-disabled=${isOtherRunning}
      onClick=${() => !isOtherRunning && act('POST', `/lab/tour/${scene.id}`)}
    >
      ${run === undefined ? 'Play this scene' : 'Play it again'}
    </button>
    ${isOtherRunning && html`<span class="soft">Another scene is playing.</span>`}
  </p>`
}

/** @param {{ scene: Scene, run: SceneRun | undefined, isOtherRunning: boolean, act: Act }} props */
const SceneArticle = ({ scene, run, isOtherRunning, act }) => {
  const { title, watch, whySafe, guarantee } = scene
  const order = run === undefined ? undefined : orderOf(run)
  return html`<article class="scene panel" aria-labelledby="scene-title">
    <div class="script">
      <h3 id="scene-title">${title}</h3>
      <h4>Watch for</h4>
      <ul class="watch">
        ${watch.map((sentence) => html`<li key=${sentence}>${sentence}</li>`)}
      </ul>
      <${Player} scene=${scene} run=${run} isOtherRunning=${isOtherRunning} act=${act} />
      ${run !== undefined && html`<${Steps} run=${run} />`}
      <h4>Why it is safe</h4>
      <p>${whySafe}</p>
      <p class="soft">
        Proved by${' '}
        <a href=${`/lab/source/${guarantee.file}`} target="_blank" rel="noopener"
          >${guarantee.name}</a
        >
      </p>
    </div>
    <div class="happened">
      ${
        order === undefined
          ? html`<p class="stage soft">
              ${run?.isRunning ? 'The order is on its way …' : 'The order of this scene is drawn here, call by call, while it happens.'}
            </p>`
          : html`<h4>What really happened to the order</h4>
              <${Sequence} story=${storyOfOrder(order)} title=${title} />`
      }
    </div>
  </article>`
}

/** @param {{ scenes: readonly Scene[] | undefined, run: SceneRun | undefined, act: Act }} props */
export const Tour = ({ scenes, run, act }) => {
  const [chosen, setChosen] = useState(/** @type {string | undefined} */ (undefined))
  // A scene that somebody began elsewhere is shown as well.
  useEffect(() => {
    if (run?.isRunning) setChosen(run.id)
  }, [run?.id, run?.isRunning])
  const wanted = chosen ?? run?.id
  const shown = scenes?.find(({ id }) => id === wanted) ?? scenes?.[0]
  return html`<section class="tour" aria-labelledby="tour-title">
    <header>
      <h2 id="tour-title">The tour</h2>
      <p class="soft">Six scenes that break something by themselves, each with one order in it.</p>
    </header>
    ${
      shown === undefined
        ? html`<${Loading} lines=${4} />`
        : html`<ul class="scenes" aria-label="Scenes">
              ${scenes?.map(
                ({ id, title }, index) =>
                  html`<li key=${id}>
                    <button
                      type="button"
                      data-scene=${id}
                      aria-pressed=${id === shown.id}
                      onClick=${() => setChosen(id)}
                    >
                      <span class="number" aria-hidden="true">${index + 1}</span>${title}
                    </button>
                  </li>`,
              )}
            </ul>
            <${SceneArticle}
              key=${shown.id}
              scene=${shown}
              run=${run?.id === shown.id ? run : undefined}
              isOtherRunning=${run?.isRunning === true && run.id !== shown.id}
              act=${act}
            />`
    }
  </section>`
}
