'use strict'
const { addRoutes, answerFor, fixture, tell, useSdk } = require('./routes.cjs')
const require_ = fixture('koa/3')
const Koa = require_('koa')
const { Router } = require_('@koa/router')

const app = new Koa()
useSdk('koa', app)
const router = new Router()
addRoutes((method, path) =>
  router[method](path, (context) => {
    context.body = answerFor(context.params.id)
  }),
)
app.use(router.routes())
tell(app.listen(0, '127.0.0.1'))
