/** @import { Answer } from './asking.js' */
/** @import { Company, Offer } from './types.ts' */
import { useState } from 'preact/hooks'
import { useAct, useAnswer, useList, useSigned } from './asking.js'
import { formatMoney, formatSpan } from './format.js'
import { html } from './html.js'
import { Empty, Field, Heading, Loading, More, Panel, TroubleBox, typedIn } from './parts.js'
import { goTo } from './router.js'

/** Looks for times that are on offer, and books one. */

/** @param {{ id: string }} props */
export const CompanyName = ({ id }) => {
  const { data } = /** @type {Answer<Company>} */ (useAnswer(`/companies/${id}`))
  return html`<span>${data?.name ?? '…'}</span>`
}

/** @param {{ offer: Offer, onTaken: () => void }} props */
const OfferRow = ({ offer, onTaken }) => {
  const { api } = useSigned()
  const { id, title, description, price, companyId, timeZone } = offer
  const { run, isBusy, trouble } = useAct(async (/** @type {{ offerId: string }} */ asked, key) => {
    const { id: bookingId } = await api.post('/bookings', key, asked)
    goTo(`/bookings/${bookingId}`)
  })
  const booking = /** @type {{ id?: string } | undefined} */ (trouble?.document?.['booking'])
  return html`<li class="offer">
    <div>
      <h3>${title}</h3>
      <p>${formatSpan(offer)} <span class="soft">(${timeZone})</span></p>
      <p class="soft">
        <${CompanyName} id=${companyId} />${description === null ? '' : ` · ${description}`}
      </p>
      <${TroubleBox}
        trouble=${trouble}
        onRetry=${trouble?.code === 'offer-taken' ? onTaken : undefined}
      />
      ${booking?.id !== undefined && html`<p class="aside"><a href=${`#/bookings/${booking.id}`}>See what happened</a></p>`}
    </div>
    <button
      type="button"
      class="primary"
      aria-disabled=${isBusy}
      onClick=${() => run({ offerId: id })}
    >
      ${isBusy ? 'Booking …' : `Book for ${formatMoney(price)}`}
      <span class="visually-hidden">: ${title}, ${formatSpan(offer)}</span>
    </button>
  </li>`
}

/** @param {Record<string, string>} typed */
const queryOf = ({ words = '', from = '', to = '' }) => {
  const query = new URLSearchParams({ limit: '20' })
  if (words.trim() !== '') query.set('text', words.trim())
  if (from !== '') query.set('from', new Date(`${from}T00:00:00`).toISOString())
  if (to !== '') query.set('to', new Date(`${to}T23:59:59`).toISOString())
  return query
}

export const OffersPage = () => {
  const [query, setQuery] = useState(() => queryOf({}))
  /** @type {ReturnType<typeof useList<Offer>>} */
  const { items, trouble, hasMore, showMore, reload } = useList(`/offers?${query}`)
  return html`<div class="offers">
    <${Heading} title="Book a time" />
    <search>
      <form class="act inline" onSubmit=${(/** @type {SubmitEvent} */ event) => setQuery(queryOf(typedIn(event)))}>
        <div class="fields">
          <${Field} id="words" label="What" maxlength="100" autocomplete="off" placeholder="haircut Anna" />
          <${Field} id="from" label="From" type="date" />
          <${Field} id="to" label="To" type="date" />
          <button type="submit">Look</button>
        </div>
      </form>
    </search>
    <${Panel} id="found" title="On offer" kind="wide">
      <${TroubleBox} trouble=${trouble} onRetry=${reload} />
      ${items === undefined && trouble === undefined && html`<${Loading} lines=${6} />`}
      ${
        items?.length === 0 &&
        html`<${Empty} title="Nothing is on offer">
        <p>Look for other words or days. Companies put their times up through the API.</p>
      </${Empty}>`
      }
      <ul class="found">
        ${items?.map((offer) => html`<${OfferRow} key=${offer.id} offer=${offer} onTaken=${reload} />`)}
      </ul>
      <${More} hasMore=${hasMore} onMore=${showMore} what="offers" />
    </${Panel}>
  </div>`
}
