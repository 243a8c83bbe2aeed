/**
 * The pages of our own OpenID Connect issuer. They are no part of a JSON contract: they have forms,
 * cookies and redirects. The gateway passes them on by this list, and `identity` serves them.
 */
export interface IssuerPage {
  readonly method: 'GET' | 'POST'
  readonly template: string
}

const get = (template: string): IssuerPage => ({ method: 'GET', template })
const post = (template: string): IssuerPage => ({ method: 'POST', template })

/** Where all of them are. */
export const issuerPath = '/identity'

export const issuerPages: readonly IssuerPage[] = [
  get('/identity/.well-known/openid-configuration'),
  get('/identity/jwks'),
  get('/identity/auth'),
  post('/identity/auth'),
  get('/identity/auth/{uid}'),
  get('/identity/sign-in/{uid}'),
  post('/identity/sign-in/{uid}'),
  post('/identity/token'),
  post('/identity/revocation'),
  get('/identity/userinfo'),
  post('/identity/userinfo'),
  get('/identity/sign-out'),
  post('/identity/sign-out'),
  post('/identity/sign-out/confirm'),
  get('/identity/sign-out/success'),
]
