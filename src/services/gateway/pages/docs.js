/* global SwaggerUIBundle, SwaggerUIStandalonePreset */
const services = document.querySelector('#swagger-ui').dataset.contracts.split(' ')

/** Whoever signed in stays so when they choose another contract. Nothing is kept beside the page. */
const staySignedIn = {
  statePlugins: { auth: { wrapActions: { restoreAuthorization: () => () => {} } } },
}

globalThis.ui = SwaggerUIBundle({
  urls: services.map((name) => ({ name, url: `/openapi/${name}.json` })),
  // Whoever comes for the first time signs up first.
  'urls.primaryName': 'user',
  dom_id: '#swagger-ui',
  layout: 'StandaloneLayout',
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
  plugins: [staySignedIn],
  deepLinking: true,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  defaultModelsExpandDepth: 0,
  // The badge would send the address of this page to a stranger.
  validatorUrl: null,
  // An issuer elsewhere need not allow this header to pages of ours, and nobody reads it.
  requestInterceptor: (request) => {
    delete request.headers?.['X-Requested-With']
    return request
  },
  oauth2RedirectUrl: `${location.origin}/docs/oauth2-redirect.html`,
})

// The client by which the issuer knows this page. It has no secret: PKCE takes its place.
globalThis.ui.initOAuth({
  clientId: 'orderly',
  scopes: 'openid email profile',
  usePkceWithAuthorizationCodeGrant: true,
})
