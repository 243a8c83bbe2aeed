/** @import { Letter, OrderDetails } from './types.ts' */
import { useEffect, useState } from 'preact/hooks'
import { useAct, useList, useSigned } from './asking.js'
import { formatMoney, minorIn, plainAmount } from './format.js'
import { html } from './html.js'
import { LettersPanel } from './letters.js'
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
import { isOrderOpen, storyOfOrder } from './story.js'

/** One order: what it is, what may be done with it, and what really happened to it. */

/** @param {{ order: OrderDetails, onDone: () => void, onClose: () => void }} props */
const Reprice = ({ order, onDone, onClose }) => {
  const { api } = useSigned()
  const { run, isBusy, trouble } = useAct(async (/** @type {{ price: number }} */ asked, key) => {
    await api.patch(`/orders/${order.id}`, key, asked)
    onDone()
  })
  /** @param {SubmitEvent} event */
  const onSubmit = (event) => void run({ price: minorIn(typedIn(event)['new-price'] ?? '') ?? 0 })
  return html`<${Dialogue} title="Change the price" onClose=${onClose}>
    <form onSubmit=${onSubmit}>
      <p>The difference is taken from your account, or given back.</p>
      <${Field} id="new-price" label="New price, ₽" inputmode="decimal" required autocomplete="off" value=${plainAmount(order.price)} pattern="[0-9\\s]+([.,][0-9]{1,2})?" title="An amount like 150.00" />
      <${TroubleBox} trouble=${trouble} />
      <p class="buttons">
        <button type="submit" class="primary" aria-disabled=${isBusy}>Change it</button>
        <button type="button" onClick=${onClose}>Leave it</button>
      </p>
    </form>
  </${Dialogue}>`
}

/** @param {{ order: OrderDetails, onDone: () => void, onClose: () => void }} props */
const Cancel = ({ order, onDone, onClose }) => {
  const { api } = useSigned()
  const { run, isBusy, trouble } = useAct(async (_asked, key) => {
    await api.remove(`/orders/${order.id}`, key)
    onDone()
  })
  return html`<${Dialogue} title="Cancel this order?" onClose=${onClose}>
    <p>You get ${formatMoney(order.price)} back. This cannot be undone.</p>
    <${TroubleBox} trouble=${trouble} />
    <p class="buttons">
      <button type="button" class="danger" aria-disabled=${isBusy} onClick=${() => run(undefined)}>Cancel the order</button>
      <button type="button" onClick=${onClose}>Keep it</button>
    </p>
  </${Dialogue}>`
}

/** @param {{ order: OrderDetails, reload: () => void }} props */
const Actions = ({ order, reload }) => {
  const [open, setOpen] = useState(/** @type {'reprice' | 'cancel' | undefined} */ (undefined))
  if (order.status !== 'APPROVED') return null
  const close = () => setOpen(undefined)
  const done = () => {
    close()
    reload()
  }
  return html`<p class="buttons">
      <button type="button" onClick=${() => setOpen('reprice')}>Change the price</button>
      <button type="button" onClick=${() => setOpen('cancel')}>Cancel the order</button>
    </p>
    ${open === 'reprice' && html`<${Reprice} order=${order} onDone=${done} onClose=${close} />`}
    ${open === 'cancel' && html`<${Cancel} order=${order} onDone=${done} onClose=${close} />`}`
}

/** @param {{ id: string }} props */
export const OrderPage = ({ id }) => {
  const { person } = useSigned()
  const {
    saga: order,
    trouble,
    reload,
    isBroken,
  } = useSaga('orders', id, /** @type {(order: OrderDetails) => boolean} */ (isOrderOpen))
  /** @type {ReturnType<typeof useList<Letter>>} */
  const letters = useList(`/notifications?orderId=${id}&limit=20`)
  const isOpen = order !== undefined && isOrderOpen(order)
  const { reload: reloadLetters } = letters
  useEffect(() => reloadLetters(), [isOpen, order?.status, reloadLetters])
  if (order === undefined) {
    return html`<${Heading} title="Order" />
      ${trouble === undefined ? html`<${Loading} lines=${6} />` : html`<${TroubleBox} trouble=${trouble} onRetry=${reload} />`}`
  }
  const { description, status, price, createdAt, reason } = order
  return html`<article class="saga">
    <p class="crumb"><a href="#/">Overview</a></p>
    <header class="title">
      <${Heading} title=${description ?? 'An order'} />
      <${Badge} status=${status} />
    </header>
    <dl class="facts">
      <div><dt>Price</dt><dd>${formatMoney(price)}</dd></div>
      <div><dt>Placed</dt><dd><${Time} at=${createdAt} /></dd></div>
      ${
        reason !== null &&
        html`<div>
          <dt>Why</dt>
          <dd>${reason.replaceAll('-', ' ')}</dd>
        </div>`
      }
      <div><dt>Order</dt><dd><code>${id}</code></dd></div>
      ${
        order.userId !== person.id &&
        html`<div>
          <dt>Whose</dt>
          <dd><code>${order.userId}</code></dd>
        </div>`
      }
    </dl>
    <${Actions} order=${order} reload=${reload} />
    <${Panel} id="story" title="What really happened" kind="wide"
      aside=${html`<${LiveMark} isOpen=${isOpen} isBroken=${isBroken} />`}>
      <${Sequence} story=${storyOfOrder(order)} title=${description ?? 'An order'} />
    </${Panel}>
    <${LettersPanel} letters=${letters} isOwed=${order.owes && status !== 'PENDING'} />
  </article>`
}

/** Whether the picture grows by itself. @param {{ isOpen: boolean, isBroken: boolean }} props */
export const LiveMark = ({ isOpen, isBroken }) => {
  const text = isBroken ? 'connecting again …' : isOpen ? 'live' : 'all is settled'
  return html`<span
    class="live"
    role="status"
    data-state=${isBroken ? 'broken' : isOpen ? 'live' : 'settled'}
    >${text}</span
  >`
}
