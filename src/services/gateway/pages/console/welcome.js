/** @import { Session } from './session.js' */
/** @import { OrderDetails, Trouble } from './types.ts' */
import { useState } from 'preact/hooks'
import { ApiError, problemIn, troubleIn } from './api.js'
import { useAct } from './asking.js'
import { html } from './html.js'
import { Field, Heading, TroubleBox, typedIn } from './parts.js'
import { Sequence } from './sequence.js'
import { storyOfOrder } from './story.js'

/** What somebody sees who is not signed in. */

/**
 * An order while billing was restarted, as the order service kept it.
 * @type {OrderDetails}
 */
const example = {
  id: '',
  userId: '',
  price: 15_000,
  description: 'Two tickets',
  status: 'APPROVED',
  reason: null,
  createdAt: '2026-11-20T09:30:00.000Z',
  timeline: [
    {
      at: '2026-11-20T09:30:01.004Z',
      step: 'withdraw',
      attempt: 1,
      outcome: 'unknown',
      ms: 1_002,
      reason: 'billing did not answer',
    },
    { at: '2026-11-20T09:30:03.512Z', step: 'withdraw', attempt: 2, outcome: 'done', ms: 6 },
    { at: '2026-11-20T09:30:03.517Z', step: 'letter', attempt: 1, outcome: 'done', ms: 3 },
  ],
  changes: [],
  owes: false,
}

/** @param {{ session: Session, returnTo: string }} props */
const SignUp = ({ session, returnTo }) => {
  const { run, isBusy, trouble } = useAct(
    async (/** @type {Record<string, string>} */ asked, key) => {
      const headers = { 'content-type': 'application/json', 'idempotency-key': key }
      const body = JSON.stringify(asked)
      const response = await fetch('/users', { method: 'POST', headers, body })
      if (!response.ok) throw await problemIn(response)
      await session.signIn(returnTo)
    },
  )
  /** @param {SubmitEvent} event */
  const onSubmit = (event) => void run(typedIn(event))
  return html`<form class="card" onSubmit=${onSubmit}>
    <h2>Create an account</h2>
    <${Field}
      id="username"
      label="Username"
      required
      autocomplete="username"
      pattern="[A-Za-z0-9._\\-]{3,64}"
      title="3 to 64 letters, digits, dots, lines"
    />
    <${Field} id="email" label="Email" type="email" required autocomplete="email" />
    <${Field}
      id="password"
      label="Password"
      type="password"
      required
      minlength="10"
      maxlength="128"
      autocomplete="new-password"
      help="At least ten characters"
    />
    <${TroubleBox} trouble=${trouble} />
    <p class="buttons">
      <button type="submit" class="primary" aria-disabled=${isBusy}>
        ${isBusy ? 'One moment …' : 'Create it, then sign in'}
      </button>
    </p>
  </form>`
}

/** @param {{ session: Session, returnTo: string, trouble: Trouble | undefined }} props */
export const Welcome = ({ session, returnTo, trouble }) => {
  const [isSigningUp, setSigningUp] = useState(false)
  const [failed, setFailed] = useState(trouble)
  const signIn = () =>
    session.signIn(returnTo).catch((/** @type {unknown} */ error) => {
      const told = error instanceof TypeError ? new ApiError(noIssuer) : error
      setFailed(troubleIn(told))
    })
  return html`<div class="welcome">
    <div>
      <${Heading} title="Watch your order happen" />
      <p class="lead">
        Your balance, orders, bookings and letters, side by side; and each order as the sequence
        that really took place, call by call, also when something had to be healed.
      </p>
      <${TroubleBox} trouble=${failed} />
      ${
        isSigningUp
          ? html`<${SignUp} session=${session} returnTo=${returnTo} />`
          : html`<p class="buttons">
              <button type="button" class="primary big" onClick=${signIn}>Sign in</button>
              ${session.isOwnIssuer && html`<button type="button" class="big" onClick=${() => setSigningUp(true)}>Create an account</button>`}
            </p>`
      }
    </div>
    <div class="example">
      <p class="soft">An order for which billing did not answer at first:</p>
      <${Sequence} story=${storyOfOrder(example)} title="An example" />
    </div>
  </div>`
}

/** @type {Trouble} */
const noIssuer = {
  title: 'The sign-in cannot be reached',
  detail: 'Try again in a moment.',
  code: 'no-issuer',
  status: 0,
}
