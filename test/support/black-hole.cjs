'use strict'
// The test stops this process: with the queue of the listening socket full, whoever connects waits for ever.
const { createServer } = require('node:net')

const server = createServer()
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => process.send(server.address().port))
