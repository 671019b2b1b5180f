'use strict'
const CLIENT = { clientId: '00000000-0000-4000-8000-000000000000', env: 'bench' }

exports.express = (app) => require('apitally/express').useApitally(app, CLIENT)
exports.koa = (app) => require('apitally/koa').useApitally(app, CLIENT)
exports.hono = (app) => require('apitally/hono').useApitally(app, CLIENT)
exports.fastify = (app) => app.register(require('apitally/fastify').apitallyPlugin, CLIENT)
