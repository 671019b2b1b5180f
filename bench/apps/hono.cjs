'use strict'
const { addRoutes, answerFor, fixture, tell, useSdk } = require('./routes.cjs')
const require_ = fixture('hono/4')
const { serve } = require_('@hono/node-server')
const { Hono } = require_('hono')

const app = new Hono()
useSdk('hono', app)
addRoutes((method, path) => app[method](path, (context) => context.json(answerFor(context.req.param('id')))))
tell(serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }))
