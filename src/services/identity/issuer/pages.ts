import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

/**
 * The pages that the issuer shows to people: signing in, signing out, and what went wrong. They look
 * like the front page and work without scripts; no other site is asked for anything.
 */
export interface Page {
  readonly html: string
  readonly headers: Readonly<Record<string, string>>
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

export const escapeHtml = (text: string): string =>
  text.replaceAll(/[&<>"']/g, (character) => escapes[character] ?? '')

const style = readFileSync(new URL('pages.css', import.meta.url), 'utf8')
const styleHash = createHash('sha256').update(style).digest('base64')

/** A browser also checks where an answer to a form redirects to: to the client, in the end. */
const securityPolicy = (formTargets: readonly string[]) =>
  [
    "default-src 'none'",
    `style-src 'sha256-${styleHash}'`,
    "img-src 'self'",
    `form-action ${["'self'", ...formTargets].join(' ')}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ')

/** Only the origins of addresses may stand in the policy. */
const originsOf = (addresses: readonly string[]): string[] =>
  addresses
    .map((address) => URL.parse(address)?.origin ?? 'null')
    .filter((origin) => origin !== 'null')

interface Content {
  readonly title: string
  readonly main: string
  readonly footer?: string
  /** The addresses to which the page's form may lead in the end. */
  readonly leadsTo?: readonly string[]
}

const toPage = ({ title, main, footer = '', leadsTo = [] }: Content): Page => ({
  headers: {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': securityPolicy(originsOf(leadsTo)),
    'referrer-policy': 'same-origin',
    'x-frame-options': 'DENY',
  },
  html: `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <meta name="robots" content="noindex" />
    <title>${title} · orderly</title>
    <link rel="icon" href="/assets/favicon.svg" type="image/svg+xml" />
    <style>${style}</style>
  </head>
  <body>
    <header><a class="wordmark" href="/">orderly</a></header>
    <main>
      ${main}
    </main>
    <footer>${footer}</footer>
  </body>
</html>
`,
})

export interface SignInPage {
  /** Where the form is sent. */
  readonly action: string
  /** Where the code goes in the end. */
  readonly leadsTo: readonly string[]
  readonly username: string
  /** What was wrong with the last attempt. */
  readonly message?: string | undefined
}

export const signInPage = ({ action, leadsTo, username, message }: SignInPage): Page => {
  const wrong = message === undefined ? '' : ' aria-invalid="true" aria-describedby="message"'
  const alert =
    message === undefined
      ? ''
      : `<p class="message" id="message" role="alert">${escapeHtml(message)}</p>`
  // The cursor is where something is to be typed.
  const [nameFocus, passwordFocus] = username === '' ? [' autofocus', ''] : ['', ' autofocus']
  return toPage({
    title: message === undefined ? 'Sign in' : 'Not signed in',
    leadsTo,
    main: `<h1>Sign in</h1>
      ${alert}
      <form class="wide" method="post" action="${escapeHtml(action)}">
        <label for="username">Username</label>
        <input id="username" name="username" value="${escapeHtml(username)}" autocomplete="username"
          autocapitalize="none" autocorrect="off" spellcheck="false" maxlength="64" required${nameFocus}${wrong} />
        <label for="password">Password</label>
        <input id="password" name="password" type="password" autocomplete="current-password"
          maxlength="256" required${passwordFocus}${wrong} />
        <p class="actions"><button type="submit">Sign in</button></p>
      </form>`,
    footer: 'No account yet? <a href="/#scenario">One request makes one.</a>',
  })
}

/** `form` is that of oidc-provider, which knows the secret without which nobody is signed out. */
export const signOutPage = (form: string, leadsTo: readonly string[]): Page =>
  toPage({
    title: 'Sign out',
    leadsTo,
    main: `<h1>Sign out?</h1>
      <p class="soft">You will have to give your password again, here and in every app that you opened from this browser.</p>
      ${form.replace(
        '</form>',
        `<p class="actions"><button type="submit" name="logout" value="yes" autofocus>Sign out</button>
        <a href="/">Stay signed in</a></p></form>`,
      )}`,
  })

export const signedOutPage = (): Page =>
  toPage({
    title: 'Signed out',
    main: `<h1>Signed out</h1>
      <p class="soft">Nobody is signed in in this browser any more.</p>
      <p class="actions"><a href="/">To the front page</a></p>`,
  })

export interface Step {
  readonly action: string
  readonly inputs: string
  readonly leadsTo: readonly string[]
}

/** A step that oidc-provider would take with a script. Here a person takes it. */
export const nextStepPage = ({ action, inputs, leadsTo }: Step): Page =>
  toPage({
    title: 'Go on',
    leadsTo,
    main: `<h1>One more step</h1>
      <form class="wide" method="post" action="${action}">
        ${inputs}
        <p class="actions"><button type="submit" autofocus>Go on</button></p>
      </form>`,
  })

export const troublePage = (title: string, text: string): Page =>
  toPage({
    title,
    main: `<h1>${escapeHtml(title)}</h1>
      <p class="soft">${escapeHtml(text)}</p>
      <p class="actions"><a href="/">To the front page</a></p>`,
  })
