'use strict'
const { addRoutes, answerFor, fixture, tell, useSdk } = require('./routes.cjs')
const express = fixture('express/5')('express')

/** As many as a service has for logs, security headers, sessions and the like; they do nothing. */
const MIDDLEWARES = Number(process.env.BENCH_MIDDLEWARES ?? 8)

const app = express()
useSdk('express', app)
for (let i = 0; i < MIDDLEWARES; i++) app.use((_request, _response, next) => next())
addRoutes((method, path) =>
  app[method](path, (request, response) => response.json(answerFor(request.params.id))),
)
tell(app.listen(0, '127.0.0.1'))
