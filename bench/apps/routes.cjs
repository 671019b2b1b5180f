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
const ROUTES_OF_RESOURCE = 3

/** What is asked, in every application. */
exports.ASKED = '/users/4711'

/** Calls `add` for each route; `BENCH_ROUTES` asks for more or fewer around the one in the middle. */
exports.addRoutes = (add) => {
  const wanted = Number(process.env.BENCH_ROUTES ?? RESOURCES.length * ROUTES_OF_RESOURCE)
  const more = Math.max(0, Math.ceil(wanted / ROUTES_OF_RESOURCE) - RESOURCES.length)
  const others = Array.from({ length: more }, (_, n) => `more${n}`)
  const resources = [...others.slice(0, more / 2), ...RESOURCES, ...others.slice(more / 2)]
  const routes = resources.flatMap((resource) => [
    ['get', `/${resource}`],
    ['post', `/${resource}`],
    ['get', `/${resource}/:id`],
  ])
  const asked = routes.findIndex(([, path]) => path === '/users/:id')
  const first = Math.max(0, Math.min(asked - Math.floor(wanted / 2), routes.length - wanted))
  for (const [method, path] of routes.slice(first, first + wanted)) add(method, path)
}

/** 46 bytes of JSON. */
exports.answerFor = (id) => ({ id: String(id), name: 'Ada Lovelace', admin: false })

/** The same without a framework. */
exports.answerPlainly = (request, response) => {
  const body = JSON.stringify(exports.answerFor(request.url.slice('/users/'.length)))
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
  response.end(body)
}

/** Of servers over TLS. */
exports.identity = () => ({ key: process.env.BENCH_TLS_KEY, cert: process.env.BENCH_TLS_CERT })

/** Those that are a call in the application, not a preload, are called before anything else is. */
exports.useSdk = (framework, app) => {
  if (process.env.BENCH_SDK !== undefined) return require(process.env.BENCH_SDK)[framework](app)
}

/** The packages of a fixture: what is measured is what is tested. */
exports.fixture = (directory) => createRequire(join(__dirname, '../../fixtures', directory, 'package.json'))

/** Tells the parent where the server listens. */
exports.tell = (server, protocol = 'http') => {
  const told = () => process.send({ port: server.address().port, protocol })
  if (server.listening) told()
  else server.once('listening', told)
  process.once('disconnect', () => process.exit())
}
