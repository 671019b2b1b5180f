'use strict'
const { createRequire } = require('node:module')
const { join } = require('node:path')

/** Thirty routes, as a small service has them; the one that is asked stands in the middle. */
const RESOURCES = [
  'orders',
  'carts',
  'products',
  'invoices',
  'sessions',
  'users',
  'teams',
  'reports',
  'tags',
  'files',
]

/** What is asked, in every application. */
exports.ASKED = '/users/4711'

/** Calls `add` for each route. Each gives the same answer. */
exports.addRoutes = (add) => {
  for (const resource of RESOURCES) {
    add('get', `/${resource}`)
    add('post', `/${resource}`)
    add('get', `/${resource}/:id`)
  }
}

/** 46 bytes of JSON. */
exports.answerFor = (id) => ({ id: String(id), name: 'Ada Lovelace', admin: false })

/** The packages of a fixture: what is measured is what is tested. */
exports.fixture = (directory) => createRequire(join(__dirname, '../../fixtures', directory, 'package.json'))

/** Tells the parent where the server listens. */
exports.tell = (server) => {
  if (server.listening) process.send({ port: server.address().port })
  else server.once('listening', () => process.send({ port: server.address().port }))
  process.once('disconnect', () => process.exit())
}
