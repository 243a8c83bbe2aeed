/** @import { ComponentChildren } from 'preact' */
/** @import { Answer } from './asking.js' */
/** @import { Trouble } from './types.ts' */
import { useEffect, useRef } from 'preact/hooks'
import { exactTime, formatTime } from './format.js'
import { html } from './html.js'

/** The small parts that all pages are made of. */

/** @param {{ at: string }} props */
export const Time = ({ at }) =>
  html`<time datetime=${at} title=${exactTime(at)}>${formatTime(at)}</time>`

/** @type {Readonly<Record<string, string>>} */
const tones = {
  APPROVED: 'good',
  PAID: 'good',
  COMPLETED: 'good',
  DONE: 'good',
  REJECTED: 'bad',
  REFUSED: 'bad',
  RELEASED: 'bad',
  PENDING: 'waiting',
  RELEASING: 'waiting',
  CANCELLING: 'waiting',
  READY: 'good',
  'NOT READY': 'bad',
}

/** @param {{ status: string }} props */
export const Badge = ({ status }) =>
  html`<span class="badge" data-tone=${tones[status] ?? 'plain'}>${status.toLowerCase()}</span>`

/**
 * What went wrong, as the problem says it.
 * @param {{ trouble: Trouble | undefined, onRetry?: () => void }} props
 */
export const TroubleBox = ({ trouble, onRetry }) => {
  if (trouble === undefined) return null
  const { title, detail, errors = [], requestId } = trouble
  return html`<div class="trouble" role="alert">
    <p><b>${title}</b></p>
    ${detail === '' ? null : html`<p>${detail}</p>`}
    ${
      errors.length > 0 &&
      html`<ul>
        ${errors.map(({ field, message }) => html`<li><code>${field}</code> ${message}</li>`)}
      </ul>`
    }
    ${requestId !== undefined && html`<p class="request">Request <code>${requestId}</code></p>`}
    ${
      onRetry !== undefined &&
      html`<button type="button" class="small" onClick=${onRetry}>Try again</button>`
    }
  </div>`
}

/**
 * Which of several services could not be asked, and why.
 * @param {{ answers: readonly (readonly [string, Pick<Answer<unknown>, 'trouble' | 'reload'>])[] }} props
 */
export const TroublesOf = ({ answers }) =>
  answers.map(
    ([service, { trouble, reload }]) =>
      html`<${TroubleBox}
        key=${service}
        trouble=${trouble && { ...trouble, title: `${service}: ${trouble.title}` }}
        onRetry=${reload}
      />`,
  )

/** Grey lines as high as what will stand there. @param {{ lines?: number }} props */
export const Loading = ({ lines = 3 }) =>
  html`<div class="loading" role="status" aria-label="Loading">
    ${Array.from({ length: lines }, () => html`<span></span>`)}
  </div>`

/** @param {{ title: string, children?: ComponentChildren }} props */
export const Empty = ({ title, children }) =>
  html`<div class="empty">
    <p>${title}</p>
    ${children}
  </div>`

/**
 * @param {{ id: string, title: string, aside?: ComponentChildren, children?: ComponentChildren,
 *   kind?: string }} props
 */
export const Panel = ({ id, title, aside, children, kind = '' }) =>
  html`<section class=${`panel ${kind}`} aria-labelledby=${`${id}-title`}>
    <header>
      <h2 id=${`${id}-title`}>${title}</h2>
      ${aside}
    </header>
    ${children}
  </section>`

/**
 * A field with its name and, if there is one, a word of help.
 * @param {{ id: string, label: string, help?: string, [other: string]: unknown }} props
 */
export const Field = ({ id, label, help, ...input }) =>
  html`<div class="field">
    <label for=${id}>${label}</label>
    <input
      id=${id}
      name=${id}
      ...${input}
      aria-describedby=${help === undefined ? undefined : `${id}-help`}
    />
    ${help !== undefined && html`<small id=${`${id}-help`}>${help}</small>`}
  </div>`

/**
 * What was typed into a form, by the names of its fields.
 * @param {SubmitEvent} event
 * @returns {Record<string, string>}
 */
export const typedIn = (event) => {
  event.preventDefault()
  const form = /** @type {HTMLFormElement} */ (event.currentTarget)
  return Object.fromEntries(
    [...new FormData(form)].map(([name, value]) => [name, typeof value === 'string' ? value : '']),
  )
}

/**
 * A question that must be answered before anything else. The browser keeps the keyboard inside it.
 * @param {{ title: string, onClose: () => void, children?: ComponentChildren }} props
 */
export const Dialogue = ({ title, onClose, children }) => {
  const element = useRef(/** @type {HTMLDialogElement | null} */ (null))
  useEffect(() => element.current?.showModal(), [])
  return html`<dialog ref=${element} onClose=${onClose} aria-labelledby="dialogue-title">
    <h2 id="dialogue-title">${title}</h2>
    ${children}
  </dialog>`
}

/** The heading of a page. Whoever came by the keyboard goes on reading here. @param {{ title: string }} props */
export const Heading = ({ title }) => {
  const element = useRef(/** @type {HTMLHeadingElement | null} */ (null))
  useEffect(() => {
    document.title = `${title} · orderly`
  }, [title])
  useEffect(() => {
    element.current?.focus({ preventScroll: true })
    scrollTo(0, 0)
  }, [])
  return html`<h1 ref=${element} tabindex="-1">${title}</h1>`
}

/** @param {{ hasMore: boolean, onMore: () => void, what: string }} props */
export const More = ({ hasMore, onMore, what }) =>
  hasMore &&
  html`<p class="more">
    <button type="button" class="small" onClick=${onMore}>More ${what}</button>
  </p>`
