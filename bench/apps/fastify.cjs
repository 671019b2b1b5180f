'use strict'
const { addRoutes, answerFor, fixture, tell } = require('./routes.cjs')
const fastify = fixture('fastify/5')('fastify')

const app = fastify()
addRoutes((method, path) => app[method](path, async (request) => answerFor(request.params.id)))
app.listen({ port: 0, host: '127.0.0.1' })
tell(app.server)
