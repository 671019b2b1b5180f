'use strict'
const { addRoutes, answerFor, fixture, tell } = require('./routes.cjs')
const require_ = fixture('feathers/5-express')
const express = require_('@feathersjs/express')
const { feathers } = require_('@feathersjs/feathers')

const app = express.default(feathers())
app.configure(express.rest())
const services = new Set()
addRoutes((_method, path) => services.add(path.replace('/:id', '')))
for (const service of services) {
  app.use(service, {
    find: async () => [],
    get: async (id) => answerFor(id),
    create: async () => answerFor(0),
  })
}
app.listen(0, '127.0.0.1').then(tell)
