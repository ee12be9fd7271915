// The page of the API. Its script is that of Swagger UI, from this origin; nothing is requested from another one.
window.SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#api',
  presets: [window.SwaggerUIBundle.presets.apis],
  layout: 'BaseLayout',
  deepLinking: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  // Without it the description would be sent to another host, to be validated.
  validatorUrl: null,
})
