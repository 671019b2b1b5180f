'use strict'
const { addRoutes, answerFor, fixture, tell } = require('./routes.cjs')
const express = fixture('express/5')('express')

/** As many as a service has for logs, security headers, sessions and the like; they do nothing. */
const MIDDLEWARES = 8

const app = express()
// Of those that are a call in the application, not a preload.
if (process.env.BENCH_SDK !== undefined) require(process.env.BENCH_SDK)(app)
for (let i = 0; i < MIDDLEWARES; i++) app.use((_request, _response, next) => next())
addRoutes((method, path) =>
  app[method](path, (request, response) => response.json(answerFor(request.params.id))),
)
tell(app.listen(0, '127.0.0.1'))
