/** @import { Found, Page, Trouble } from './types.ts' */
import { useRef, useState } from 'preact/hooks'
import { troubleIn } from './api.js'
import { useSigned } from './asking.js'
import { html } from './html.js'
import { Empty, Field, Panel, TroubleBox, typedIn } from './parts.js'

/** Finds whatever has that id, key or name, in all services at once. */
const services = ['order', 'booking', 'user', 'billing', 'company', 'notification']

/** @type {Readonly<Record<string, string>>} */
const pages = { order: 'orders', booking: 'bookings' }

/**
 * @typedef {{ asked: string, found: Found[], troubles: Trouble[], isDone: boolean }} Search
 * @param {{ found: Found }} props
 */
const FoundRow = ({ found: { service, kind, id, userId } }) => {
  const page = pages[kind]
  return html`<li>
    <span class="main">
      ${kind.replace('-', ' ')}${' '}
      ${page === undefined ? html`<code>${id}</code>` : html`<a href=${`#/${page}/${id}`}><code>${id}</code></a>`}
    </span>
    <span class="soft">
      at ${service}${userId !== null && userId !== id ? html`, of user <code>${userId}</code>` : ''}
    </span>
  </li>`
}

export const SearchPanel = () => {
  const { api } = useSigned()
  const [search, setSearch] = useState(/** @type {Search | undefined} */ (undefined))
  const round = useRef(0)
  /** @param {SubmitEvent} event */
  const onSubmit = (event) => {
    const asked = (typedIn(event)['sought'] ?? '').trim()
    if (asked === '') return
    round.current += 1
    const mine = round.current
    setSearch({ asked, found: [], troubles: [], isDone: false })
    /** What comes is shown at once, unless something else is looked for by now. */
    const add = (/** @type {Partial<Search>} */ more) =>
      setSearch((before) =>
        before !== undefined && round.current === mine
          ? {
              ...before,
              found: [...before.found, ...(more.found ?? [])],
              troubles: [...before.troubles, ...(more.troubles ?? [])],
              isDone: more.isDone ?? before.isDone,
            }
          : before,
      )
    const asking = services.map((service) =>
      api.get(`/search/${service}?${new URLSearchParams({ q: asked })}`).then(
        (/** @type {Page<Found>} */ { items }) => add({ found: [...items] }),
        (error) => {
          const trouble = troubleIn(error)
          add({ troubles: [{ ...trouble, title: `${service}: ${trouble.title}` }] })
        },
      ),
    )
    void Promise.all(asking).then(() => add({ isDone: true }))
  }
  return html`<search>
    <${Panel} id="search" title="Find">
      <form class="act" onSubmit=${onSubmit}>
        <div class="fields">
          <${Field}
            id="sought"
            label="Any id, Idempotency-Key, request id, username or email"
            maxlength="255"
            required
            autocomplete="off"
            spellcheck="false"
          />
          <button type="submit">Find</button>
        </div>
      </form>
      <div role="status">
        ${
          search !== undefined &&
          search.isDone &&
          search.found.length === 0 &&
          search.troubles.length === 0 &&
          html`<${Empty} title="Nothing has that name" />`
        }
        <ul class="finds">
          ${search?.found.map(
            (found) => html`<${FoundRow} key=${`${found.kind} ${found.id}`} found=${found} />`,
          )}
        </ul>
      </div>
      ${search?.troubles.map((trouble) => html`<${TroubleBox} trouble=${trouble} />`)}
    </${Panel}>
  </search>`
}
