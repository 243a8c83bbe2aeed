import { createHash, randomBytes } from 'node:crypto'
import { clients, redirectUri, type RealmUser } from './realm.ts'

/** Signs somebody in as a browser does: by the code flow with PKCE, on Keycloak's own page. */
const formAction = /<form[^>]*\saction="([^"]+)"/

const cookiesIn = (response: Response) =>
  response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ')

export const signInByCode = async (issuer: string, { username, password }: RealmUser) => {
  const verifier = randomBytes(32).toString('base64url')
  const authorize = new URL(`${issuer}/protocol/openid-connect/auth`)
  authorize.search = new URLSearchParams({
    client_id: clients.orderly,
    response_type: 'code',
    scope: 'openid',
    redirect_uri: redirectUri,
    state: 'state',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  }).toString()
  const page = await fetch(authorize, { redirect: 'manual' })
  const action = formAction.exec(await page.text())?.[1]?.replaceAll('&amp;', '&')
  if (action === undefined) throw new Error(`Keycloak shows no sign-in page: ${page.status}`)
  const sent = await fetch(action, {
    method: 'POST',
    redirect: 'manual',
    headers: { cookie: cookiesIn(page) },
    body: new URLSearchParams({ username, password }),
  })
  const location = sent.headers.get('location') ?? ''
  const code = URL.canParse(location) ? new URL(location).searchParams.get('code') : null
  if (code === null || !location.startsWith(redirectUri)) {
    throw new Error(`signing in on the page was answered ${sent.status} ${location}`)
  }
  const answer = await fetch(`${issuer}/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: clients.orderly,
      redirect_uri: redirectUri,
      code,
      code_verifier: verifier,
    }),
  })
  const { access_token: token } = (await answer.json()) as { readonly access_token?: string }
  if (token === undefined) throw new Error(`the code was answered ${answer.status}`)
  return token
}
