'use strict'
const { addRoutes, answerFor, fixture, tell } = require('./routes.cjs')
const connect = fixture('connect/3')('connect')

// It knows mounts, no parameters and no methods.
const app = connect()
const mounts = new Set()
addRoutes((_method, path) => mounts.add(path.replace('/:id', '')))
for (const mount of mounts) {
  app.use(mount, (request, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(answerFor(request.url.slice(1))))
  })
}
tell(app.listen(0, '127.0.0.1'))
