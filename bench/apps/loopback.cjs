'use strict'
const { addRoutes, answerFor, fixture, tell } = require('./routes.cjs')
const { RestApplication } = fixture('loopback/4')('@loopback/rest')

const app = new RestApplication({ rest: { port: 0, host: '127.0.0.1' } })
const id = { name: 'id', in: 'path', required: true, schema: { type: 'string' } }
addRoutes((method, path) => {
  const parameters = path.endsWith(':id') ? [id] : []
  app.route(method, path.replace(':id', '{id}'), { parameters, responses: {} }, answerFor)
})
app.start().then(() => tell(app.restServer.httpServer.server))
