/** @import { BookingDetails, Letter } from './types.ts' */
import { useEffect, useState } from 'preact/hooks'
import { useAct, useList, useSigned } from './asking.js'
import { formatMoney, formatSpan } from './format.js'
import { html } from './html.js'
import { LettersPanel } from './letters.js'
import { CompanyName } from './offers-page.js'
import { LiveMark } from './order-page.js'
import {
  Badge,
  Dialogue,
  Field,
  Heading,
  Loading,
  Panel,
  Time,
  TroubleBox,
  typedIn,
} from './parts.js'
import { useSaga } from './saga-page.js'
import { Sequence } from './sequence.js'
import { isBookingOpen, storyOfBooking } from './story.js'

/** One booking: what it is, what may be done with it, and what really happened to it. */

/** @param {{ booking: BookingDetails, onDone: () => void, onClose: () => void }} props */
const Cancel = ({ booking, onDone, onClose }) => {
  const { api } = useSigned()
  const { run, isBusy, trouble } = useAct(async (/** @type {string} */ reason, key) => {
    const query = reason === '' ? '' : `?${new URLSearchParams({ reason })}`
    await api.remove(`/bookings/${booking.id}${query}`, key)
    onDone()
  })
  /** @param {SubmitEvent} event */
  const onSubmit = (event) => void run((typedIn(event)['why'] ?? '').trim())
  return html`<${Dialogue} title="Cancel this booking?" onClose=${onClose}>
    <form onSubmit=${onSubmit}>
      <p>You get ${formatMoney(booking.price)} back, and the time is free for somebody else.</p>
      <${Field} id="why" label="Why" help="The letters say it. You may leave it out." maxlength="200" autocomplete="off" />
      <${TroubleBox} trouble=${trouble} />
      <p class="buttons">
        <button type="submit" class="danger" aria-disabled=${isBusy}>Cancel the booking</button>
        <button type="button" onClick=${onClose}>Keep it</button>
      </p>
    </form>
  </${Dialogue}>`
}

/** @param {{ id: string }} props */
export const BookingPage = ({ id }) => {
  const [isCancelling, setCancelling] = useState(false)
  const {
    saga: booking,
    trouble,
    reload,
    isBroken,
  } = useSaga('bookings', id, /** @type {(booking: BookingDetails) => boolean} */ (isBookingOpen))
  /** @type {ReturnType<typeof useList<Letter>>} */
  const letters = useList(`/notifications?bookingId=${id}&limit=20`)
  const isOpen = booking !== undefined && isBookingOpen(booking)
  const { reload: reloadLetters } = letters
  useEffect(() => reloadLetters(), [isOpen, booking?.status, reloadLetters])
  if (booking === undefined) {
    return html`<${Heading} title="Booking" />
      ${trouble === undefined ? html`<${Loading} lines=${6} />` : html`<${TroubleBox} trouble=${trouble} onRetry=${reload} />`}`
  }
  const { title, status, price, reason, cancelReason, companyId, createdAt, timeZone } = booking
  const why = cancelReason ?? reason?.replaceAll('-', ' ')
  const close = () => setCancelling(false)
  const done = () => {
    close()
    reload()
  }
  return html`<article class="saga">
    <p class="crumb"><a href="#/">Overview</a></p>
    <header class="title">
      <${Heading} title=${title} />
      <${Badge} status=${status} />
    </header>
    <dl class="facts">
      <div><dt>When</dt><dd>${formatSpan(booking)} <span class="soft">(${timeZone})</span></dd></div>
      <div><dt>At</dt><dd><${CompanyName} id=${companyId} /></dd></div>
      <div><dt>Price</dt><dd>${formatMoney(price)}</dd></div>
      <div><dt>Booked</dt><dd><${Time} at=${createdAt} /></dd></div>
      ${
        why !== undefined &&
        html`<div>
          <dt>Why</dt>
          <dd>${why}</dd>
        </div>`
      }
      <div><dt>Booking</dt><dd><code>${id}</code></dd></div>
    </dl>
    ${
      status === 'PAID' &&
      html`<p class="buttons">
        <button type="button" onClick=${() => setCancelling(true)}>Cancel the booking</button>
      </p>`
    }
    ${isCancelling && html`<${Cancel} booking=${booking} onDone=${done} onClose=${close} />`}
    <${Panel} id="story" title="What really happened" kind="wide"
      aside=${html`<${LiveMark} isOpen=${isOpen} isBroken=${isBroken} />`}>
      <${Sequence} story=${storyOfBooking(booking)} title=${title} />
    </${Panel}>
    <${LettersPanel} letters=${letters} isOwed=${isOpen && status !== 'PENDING'} />
  </article>`
}
