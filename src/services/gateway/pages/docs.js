/* global SwaggerUIBundle, SwaggerUIStandalonePreset */
const services = ['user', 'billing', 'order', 'notification']

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
})
