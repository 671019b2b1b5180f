'use strict'
const { addRoutes, answerFor, fixture, tell, useSdk } = require('./routes.cjs')
const fastify = fixture('fastify/5')('fastify')

start()

async function start() {
  const app = fastify()
  // Plugins see the routes that come after them.
  await useSdk('fastify', app)
  addRoutes((method, path) => app[method](path, async (request) => answerFor(request.params.id)))
  await app.listen({ port: 0, host: '127.0.0.1' })
  tell(app.server)
}
