/** @import { Account, Booking, Letter, Operation, Order } from './types.ts' */
import { useSigned, useAct, useAnswer, useList } from './asking.js'
import { formatMoney, formatSpan, minorIn } from './format.js'
import { html } from './html.js'
import {
  Badge,
  Empty,
  Field,
  Heading,
  Loading,
  More,
  Panel,
  Time,
  TroubleBox,
  typedIn,
} from './parts.js'
import { goTo } from './router.js'

/** Everything that one person has here, side by side. */
const listLimit = 6

/** @param {{ onDone: () => void }} props */
const PlaceOrder = ({ onDone }) => {
  const { api } = useSigned()
  const { run, isBusy, trouble } = useAct(
    async (/** @type {{ price: number, description?: string }} */ asked, key) => {
      const { id } = await api.post('/orders', key, asked)
      onDone()
      goTo(`/orders/${id}`)
    },
  )
  /** @param {SubmitEvent} event */
  const onSubmit = (event) => {
    const { price = '', what = '' } = typedIn(event)
    const description = what.trim()
    void run({ price: minorIn(price) ?? 0, ...(description === '' ? {} : { description }) })
  }
  const refused = trouble?.document?.['order']
  return html`<form class="act" onSubmit=${onSubmit}>
    <h2>Place an order</h2>
    <div class="fields">
      <${Field}
        id="what"
        label="What"
        maxlength="500"
        autocomplete="off"
        placeholder="Two tickets"
      />
      <${Field}
        id="price"
        label="Price, ₽"
        inputmode="decimal"
        required
        autocomplete="off"
        placeholder="150.00"
        pattern="[0-9\\s]+([.,][0-9]{1,2})?"
        title="An amount like 150.00"
      />
      <button type="submit" class="primary" aria-disabled=${isBusy}>
        ${isBusy ? 'Placing …' : 'Place it'}
      </button>
    </div>
    <${TroubleBox} trouble=${trouble} />
    ${
      refused !== undefined &&
      html`<p class="aside">
        <a href=${`#/orders/${/** @type {Order} */ (refused).id}`}>See what happened to it</a>
      </p>`
    }
  </form>`
}

/** @param {{ onDone: () => void }} props */
const Deposit = ({ onDone }) => {
  const { api, person } = useSigned()
  const { run, isBusy, trouble } = useAct(async (/** @type {{ amount: number }} */ asked, key) => {
    await api.post(`/billing/accounts/${person.id}/deposit`, key, asked)
    onDone()
  })
  /** @param {SubmitEvent} event */
  const onSubmit = async (event) => {
    const form = /** @type {HTMLFormElement} */ (event.currentTarget)
    const isDone = await run({ amount: minorIn(typedIn(event)['amount'] ?? '') ?? 0 })
    if (isDone) form.reset()
  }
  return html`<form class="act" onSubmit=${onSubmit}>
    <h2>Put money on the account</h2>
    <div class="fields">
      <${Field}
        id="amount"
        label="Amount, ₽"
        inputmode="decimal"
        required
        autocomplete="off"
        placeholder="1000.00"
        pattern="[0-9\\s]+([.,][0-9]{1,2})?"
        title="An amount like 1000.00"
      />
      <button type="submit" aria-disabled=${isBusy}>${isBusy ? 'Paying in …' : 'Pay in'}</button>
    </div>
    <${TroubleBox} trouble=${trouble} />
  </form>`
}

/** @param {{ trouble: import('./types.ts').Trouble | undefined, account: Account | undefined }} props */
const Balance = ({ account, trouble }) => {
  const isMissing = trouble?.code === 'account-not-found'
  return html`<div class="balance">
    <p class="name">Balance</p>
    <p class="amount" aria-live="polite">
      ${account === undefined ? '–' : formatMoney(account.balance)}
    </p>
    ${
      isMissing
        ? html`<p class="aside">You have no account here: you have not signed up as a customer.</p>`
        : html`<${TroubleBox} trouble=${trouble} />`
    }
  </div>`
}

/**
 * @template {{ id: string }} Item
 * @param {{ id: string, title: string, what: string, list: ReturnType<typeof useList<Item>>,
 *   row: (item: Item) => unknown, empty: unknown }} props
 */
const ListPanel = ({ id, title, what, list, row, empty }) => {
  const { items, trouble, hasMore, showMore, reload } = list
  return html`<${Panel} id=${id} title=${title}>
    <${TroubleBox} trouble=${trouble} onRetry=${reload} />
    ${
      items === undefined
        ? trouble === undefined && html`<${Loading} lines=${4} />`
        : items.length === 0
          ? empty
          : html`<ul class="rows">
              ${items.map((item) => html`<li key=${item.id}>${row(item)}</li>`)}
            </ul>`
    }
    <${More} hasMore=${hasMore} onMore=${showMore} what=${what} />
  </${Panel}>`
}

/** @param {Order} order */
const orderRow = ({ id, description, price, status, createdAt }) =>
  html`<a class="row" href=${`#/orders/${id}`}>
    <span class="main">${description ?? 'An order'}</span>
    <span class="money">${formatMoney(price)}</span>
    <span class="soft"><${Time} at=${createdAt} /></span>
    <${Badge} status=${status} />
  </a>`

/** @param {Booking} booking */
const bookingRow = (booking) =>
  html`<a class="row" href=${`#/bookings/${booking.id}`}>
    <span class="main">${booking.title}</span>
    <span class="money">${formatMoney(booking.price)}</span>
    <span class="soft">${formatSpan(booking)}</span>
    <${Badge} status=${booking.status} />
  </a>`

/** @param {Letter} letter */
const letterRow = ({ subject, body, createdAt, orderId, bookingId }) => {
  const about =
    orderId !== null ? `#/orders/${orderId}` : bookingId !== null ? `#/bookings/${bookingId}` : ''
  return html`<details class="letter">
    <summary>
      <span class="main">${subject}</span>
      <span class="soft"><${Time} at=${createdAt} /></span>
    </summary>
    <blockquote>${body}</blockquote>
    ${about !== '' && html`<p class="aside"><a href=${about}>What it is about</a></p>`}
  </details>`
}

const operationWords = { DEPOSIT: 'Paid in', WITHDRAW: 'Taken', REFUND: 'Given back' }

/** @param {Operation} operation */
const operationRow = ({ kind, amount, status, balanceAfter, createdAt, orderId }) => {
  const sign = kind === 'WITHDRAW' ? '−' : '+'
  const isRefused = status === 'REFUSED'
  return html`<div class="row">
    <span class="main">
      ${orderId === null ? operationWords[kind] : html`<a href=${`#/about/${orderId}`}>${operationWords[kind]}</a>`}
      ${isRefused && html` <${Badge} status="REFUSED" />`}
    </span>
    <span class="money" data-kind=${isRefused ? 'refused' : kind}
      >${isRefused ? '' : sign}${formatMoney(amount)}</span
    >
    <span class="soft"><${Time} at=${createdAt} /></span>
    <span class="soft after">${balanceAfter === null ? '' : formatMoney(balanceAfter)}</span>
  </div>`
}

export const Overview = () => {
  const { person } = useSigned()
  const whose = `userId=${person.id}&limit=${listLimit}`
  /** @type {import('./asking.js').Answer<Account>} */
  const account = useAnswer(`/billing/accounts/${person.id}`)
  const orders = useList(`/orders?${whose}`)
  const bookings = useList(`/bookings?${whose}`)
  const letters = useList(`/notifications?${whose}`)
  const operations = useList(`/billing/accounts/${person.id}/operations?limit=${listLimit}`)
  const hasNoAccount = account.trouble?.code === 'account-not-found'
  const onMoney = () => {
    account.reload()
    operations.reload()
    letters.reload()
  }
  return html`<div class="overview">
    <${Heading} title=${`Hello, ${person.name}`} />
    <section class="desk" aria-label="Your account">
      <${Balance} account=${account.data} trouble=${account.trouble} />
      <${PlaceOrder} onDone=${onMoney} />
      <${Deposit} onDone=${onMoney} />
    </section>
    <div class="columns">
      <div class="stack">
        <${ListPanel}
          id="orders"
          title="Orders"
          what="orders"
          list=${orders}
          row=${orderRow}
          empty=${html`<${Empty} title="No orders yet"><p>The first one you place stands here, with everything that happens to it.</p></${Empty}>`}
        />
        <${ListPanel}
          id="letters"
          title="Letters"
          what="letters"
          list=${letters}
          row=${letterRow}
          empty=${html`<${Empty} title="No letters yet"><p>Each decision about your money is told in one.</p></${Empty}>`}
        />
      </div>
      <div class="stack">
        <${ListPanel}
          id="bookings"
          title="Bookings"
          what="bookings"
          list=${bookings}
          row=${bookingRow}
          empty=${html`<${Empty} title="Nothing booked yet"><p><a href="#/offers">Look for a time</a></p></${Empty}>`}
        />
        <${ListPanel}
          id="statement"
          title="Statement of account"
          what="lines"
          list=${hasNoAccount ? { ...operations, trouble: undefined, items: [] } : operations}
          row=${operationRow}
          empty=${html`<${Empty} title="Nothing moved yet"><p>Pay something in, and it is the first line.</p></${Empty}>`}
        />
      </div>
    </div>
  </div>`
}
