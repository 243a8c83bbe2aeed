/* global SwaggerUIBundle, SwaggerUIStandalonePreset */
const services = document.querySelector('#swagger-ui').dataset.contracts.split(' ')

globalThis.ui = SwaggerUIBundle({
  urls: services.map((name) => ({ name, url: `/openapi/${name}.json` })),
  'urls.primaryName': services[0],
  dom_id: '#swagger-ui',
  layout: 'StandaloneLayout',
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
  deepLinking: true,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  defaultModelsExpandDepth: 0,
  // The badge would send the address of this page to a stranger.
  validatorUrl: null,
  oauth2RedirectUrl: `${location.origin}/docs/oauth2-redirect.html`,
})

// The client by which the issuer knows this page. It has no secret: PKCE takes its place.
globalThis.ui.initOAuth({
  clientId: 'orderly',
  scopes: 'openid email profile',
  usePkceWithAuthorizationCodeGrant: true,
})
