/** @import { LabState, Switch } from '../state.ts' */
import { html } from '../../../services/gateway/pages/console/html.js'
import { Panel } from '../../../services/gateway/pages/console/parts.js'
import { faultWords, healthWords, nameOfBox, nameOfTarget, secondsLeft } from './words.js'

/** What can be done to the box or the arrow that is chosen. */

/** @typedef {(method: string, path: string, body?: unknown) => void} Act */

/** @param {{ each: Switch, nowMs: number, seconds: number, act: Act }} props */
const SwitchRow = ({ each, nowMs, seconds, act }) => {
  const { id, fault, target, isOn, strikes } = each
  const { does, explains } = faultWords[fault]
  const path = `/lab/switches/${encodeURIComponent(id)}`
  const left = secondsLeft(each, nowMs)
  const struck = strikes > 0 ? ` It has struck ${strikes === 1 ? 'once' : `${strikes} times`}.` : ''
  return html`<li data-switch=${id} data-on=${isOn}>
    <p class="what">
      <b>${does}</b>
      ${isOn && html`<span class="left">${left === undefined ? 'now' : `${left} s left`}</span>`}
    </p>
    <p class="soft">${explains}${isOn ? struck : ''}</p>
    ${
      isOn
        ? html`<button type="button" class="small" onClick=${() => act('DELETE', path)}>
            End now<span class="visually-hidden">: ${does} ${nameOfTarget(target)}</span>
          </button>`
        : html`<button
            type="button"
            class="small danger"
            onClick=${() => act('POST', path, { seconds })}
          >
            ${does}<span class="visually-hidden"> ${nameOfTarget(target)}</span>
          </button>`
    }
  </li>`
}

/** @param {{ state: LabState, chosen: string, onChoose: (name: string) => void }} props */
const Chooser = ({ state, chosen, onChoose }) => {
  const option = (/** @type {string} */ name) =>
    html`<option value=${name} selected=${name === chosen}>${nameOfTarget(name)}</option>`
  const names = (/** @type {readonly { name: string }[]} */ those) =>
    those.map(({ name }) => option(name))
  return html`<div class="field">
    <label for="target">Box or arrow</label>
    <select
      id="target"
      onChange=${(/** @type {Event} */ { currentTarget }) =>
        onChoose(/** @type {HTMLSelectElement} */ (currentTarget).value)}
    >
      <optgroup label="Boxes">${names(state.boxes)}</optgroup>
      <optgroup label="Arrows">${names(state.arrows)}</optgroup>
    </select>
  </div>`
}

/** @param {{ seconds: number, onSeconds: (seconds: number) => void }} props */
const Seconds = ({ seconds, onSeconds }) =>
  html`<div class="field seconds">
    <label for="seconds">For how long</label>
    <span>
      <input
        id="seconds"
        type="range"
        min="1"
        max="60"
        value=${seconds}
        onInput=${(/** @type {Event} */ { currentTarget }) =>
          onSeconds(Number(/** @type {HTMLInputElement} */ (currentTarget).value))}
        aria-valuetext=${`${seconds} seconds`}
      />
      <output for="seconds">${seconds} s</output>
    </span>
  </div>`

/** @param {{ state: LabState, chosen: string }} props */
const About = ({ state, chosen }) => {
  const box = state.boxes.find(({ name }) => name === chosen)
  const arrow = state.arrows.find(({ name }) => name === chosen)
  if (box !== undefined) {
    const process = box.pid === undefined ? 'no process' : `process ${box.pid}`
    const told = box.name === 'people' ? 'They are let in, and sent home, below.' : process
    return html`<p class="about">
      <span class="badge" data-tone=${box.health === 'ready' ? 'good' : 'bad'}
        >${healthWords[box.health]}</span
      >
      <span class="soft">${told}</span>
    </p>`
  }
  if (arrow === undefined) return null
  return html`<p class="about soft">
    ${arrow.passed.toLocaleString('en')}${' '}
    ${arrow.to === 'postgres' ? 'statements' : 'requests'} since the lab began
  </p>`
}

/**
 * @param {{ state: LabState, chosen: string, onChoose: (name: string) => void, act: Act,
 *   seconds: number, onSeconds: (seconds: number) => void }} props
 */
export const SwitchesPanel = ({ state, chosen, onChoose, act, seconds, onSeconds }) => {
  const switches = state.switches.filter(({ target }) => target === chosen)
  return html`<${Panel} id="switches" title="Break ${nameOfTarget(chosen)}" kind="switches">
    <${Chooser} state=${state} chosen=${chosen} onChoose=${onChoose} />
    <${About} state=${state} chosen=${chosen} />
    ${
      switches.length === 0
        ? html`<p class="soft">Nothing can be done to ${nameOfBox(chosen)} here.</p>`
        : html`<${Seconds} seconds=${seconds} onSeconds=${onSeconds} />`
    }
    <ul class="faults">
      ${switches.map(
        (each) =>
          html`<${SwitchRow}
            key=${each.id}
            each=${each}
            nowMs=${state.nowMs}
            seconds=${seconds}
            act=${act}
          />`,
      )}
    </ul>
    <p class="soft">Each ends by itself, and all of them by “Mend all”.</p>
  </${Panel}>`
}
