'use strict'
const { addRoutes, answerFor, fixture, tell } = require('./routes.cjs')
const polka = fixture('polka/1')('polka')

const app = polka()
addRoutes((method, path) =>
  app[method](path, (request, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(answerFor(request.params.id)))
  }),
)
tell(app.listen(0, '127.0.0.1').server)
