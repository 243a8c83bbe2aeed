/** @import { Person, Trouble } from './types.ts' */
import { render } from 'preact'
import { useEffect, useMemo, useState } from 'preact/hooks'
import { AboutPage } from './about-page.js'
import { createApi, signedOut, troubleIn } from './api.js'
import { SignedIn, useSigned } from './asking.js'
import { BookingPage } from './booking-page.js'
import { html } from './html.js'
import { OffersPage } from './offers-page.js'
import { OperationsPage } from './operations.js'
import { OrderPage } from './order-page.js'
import { Overview } from './overview.js'
import { Empty, Heading } from './parts.js'
import { useRoute } from './router.js'
import { createSession } from './session.js'
import { Welcome } from './welcome.js'

/** Puts the pages together. */
const root = /** @type {HTMLElement} */ (document.querySelector('#console'))
const { issuer = '', rolesClaim = 'roles', lab = '' } = root.dataset
const session = createSession({ issuer, rolesClaim })
const api = createApi(session)

const NoPage = () =>
  html`<${Heading} title="There is nothing here" />
    <${Empty} title="This address leads nowhere."><p><a href="#/">To the overview</a></p></${Empty}>`

/** @param {{ route: import('./router.js').Route }} props */
const Shown = ({ route: { name, id } }) => {
  const { person } = useSigned()
  switch (name) {
    case 'overview':
      return html`<${Overview} />`
    case 'orders':
      return id === undefined ? html`<${NoPage} />` : html`<${OrderPage} key=${id} id=${id} />`
    case 'bookings':
      return id === undefined ? html`<${NoPage} />` : html`<${BookingPage} key=${id} id=${id} />`
    case 'about':
      return id === undefined ? html`<${NoPage} />` : html`<${AboutPage} key=${id} id=${id} />`
    case 'offers':
      return html`<${OffersPage} />`
    case 'operations':
      return person.isOperator ? html`<${OperationsPage} />` : html`<${NoPage} />`
    default:
      return html`<${NoPage} />`
  }
}

/** @type {readonly (readonly [string, string])[]} */
const links = [
  ['overview', 'Overview'],
  ['offers', 'Book'],
]
/** @type {readonly (readonly [string, string])[]} */
const operatorLinks = [...links, ['operations', 'Operations']]

/** @param {{ person: Person | undefined, shown: string }} props */
const Bar = ({ person, shown }) =>
  html`<header class="bar">
    <a class="wordmark" href="/">orderly</a>
    ${lab !== '' && html`<a class="to-lab" href=${lab}>Lab</a>`}
    ${
      person !== undefined &&
      html`<nav aria-label="Pages">
          ${(person.isOperator ? operatorLinks : links).map(
            ([name, text]) =>
              html`<a
                href=${`#/${name === 'overview' ? '' : name}`}
                aria-current=${name === shown ? 'page' : undefined}
                >${text}</a
              >`,
          )}
        </nav>
        <p class="who">
          <span>${person.name}</span>
          <button type="button" class="small" onClick=${() => session.signOut()}>Sign out</button>
        </p>`
    }
  </header>`

/** An operator need not be a customer as well. @param {string} name @param {Person} [person] */
const pageOf = (name, person) =>
  name === 'home' ? (person?.isOperator ? 'operations' : 'overview') : name

/** @param {{ trouble: Trouble | undefined }} props */
const Console = ({ trouble }) => {
  const [person, setPerson] = useState(session.person)
  const asked = useRoute()
  const route = { ...asked, name: pageOf(asked.name, person) }
  useEffect(() => {
    const onChange = () => setPerson(session.person())
    const stop = session.onChange(onChange)
    return () => void stop()
  }, [])
  const signed = useMemo(
    () => (person === undefined ? undefined : { api, session, person }),
    [person?.id, person?.isOperator],
  )
  const skip = (/** @type {MouseEvent} */ event) => {
    event.preventDefault()
    document.querySelector('main')?.focus()
  }
  return html`<a class="skip" href="#main" onClick=${skip}>Skip to the content</a>
    <${Bar} person=${person} shown=${route.name} />
    <main id="main" tabindex="-1">
      ${
        signed === undefined
          ? html`<${Welcome}
              session=${session}
              returnTo=${location.hash}
              trouble=${session.isLost() ? signedOut : trouble}
            />`
          : html`<${SignedIn} value=${signed}>
            <${Shown} key=${route.name} route=${route} />
          </${SignedIn}>`
      }
    </main>`
}

const start = async () => {
  /** @type {Trouble | undefined} */
  let trouble
  try {
    await session.start()
  } catch (error) {
    trouble = { ...troubleIn(error), title: 'You could not be signed in' }
  }
  root.replaceChildren()
  render(html`<${Console} trouble=${trouble} />`, root)
}

await start()
