'use strict'
const { addRoutes, answerFor, fixture, tell } = require('./routes.cjs')
const restify = fixture('restify/12')('restify')

const app = restify.createServer()
addRoutes((method, path) =>
  app[method](path, (request, response, next) => {
    response.json(answerFor(request.params.id))
    next()
  }),
)
app.listen(0, '127.0.0.1')
tell(app.server)
