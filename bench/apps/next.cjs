'use strict'
const { subscribe } = require('node:diagnostics_channel')
const { createServer } = require('node:net')
const { join } = require('node:path')
const { tell } = require('./routes.cjs')

// What `output: 'standalone'` makes, as a container starts it. It makes its server itself, and takes 0 for "not
// given": so the port is one that the system has just given away, and the channel tells the server that has it.
const site = join(__dirname, '../../fixtures/next/16.4/built/site/.next/standalone/built/site')
const free = createServer().listen(0, '127.0.0.1', () => {
  const { port } = free.address()
  free.close(() => {
    subscribe('tracing:net.server.listen:asyncEnd', ({ server }) => tell(server))
    Object.assign(process.env, { HOSTNAME: '127.0.0.1', PORT: String(port) })
    require(join(site, 'server.js'))
  })
})
