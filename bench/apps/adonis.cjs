'use strict'
const { addRoutes, answerFor, fixture, tell } = require('./routes.cjs')
const require_ = fixture('adonis/7')
const { Ignitor } = require_('@adonisjs/core')
const { defineConfig: encryption, drivers } = require_('@adonisjs/core/encryption')
const { defineConfig } = require_('@adonisjs/core/http')
const { defineConfig: logger } = require_('@adonisjs/core/logger')
const { createServer } = require('node:http')
const { pathToFileURL } = require('node:url')

Object.assign(process.env, { HOST: '127.0.0.1', PORT: '0', NODE_ENV: 'production' })
const key = 'a key of 32 characters, at least.'
const ignitor = new Ignitor(pathToFileURL(`${__dirname}/`), { importer: (file) => import(file) })
ignitor.tap((app) => {
  app.useConfig({
    app: { appKey: key, http: defineConfig({}) },
    encryption: encryption({ default: 'app', list: { app: drivers.chacha20({ id: 'app', keys: [key] }) } }),
    logger: logger({ default: 'app', loggers: { app: { enabled: false } } }),
  })
  app.rcContents({
    providers: [async () => require_('@adonisjs/core/providers/app_provider')],
    preloads: [
      async () => {
        const router = await app.container.make('router')
        addRoutes((method, path) => router[method](path, ({ params }) => answerFor(params.id)))
      },
    ],
  })
})
ignitor.httpServer().start((listener) => {
  const server = createServer(listener)
  tell(server)
  return server
})
