'use strict'
const { addRoutes, answerFor, fixture, tell } = require('./routes.cjs')
const sails = fixture('sails/1')('sails')

const routes = {}
addRoutes((method, path) => {
  routes[`${method} ${path}`] = (request, response) => response.json(answerFor(request.params.id))
})
const without = Object.fromEntries(
  ['grunt', 'i18n', 'pubsub', 'session', 'views', 'blueprints'].map((hook) => [hook, false]),
)
sails.lift(
  {
    appPath: __dirname,
    environment: 'production',
    explicitHost: '127.0.0.1',
    // A number would be taken for none.
    port: '0',
    globals: false,
    log: { level: 'silent' },
    hooks: without,
    routes,
  },
  (error) => {
    if (error) throw error
    tell(sails.hooks.http.server)
  },
)
