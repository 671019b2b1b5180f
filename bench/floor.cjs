'use strict'
// The least that a capture can do: one wrap, one record for each request, kept until there are a hundred, then
// forgotten. Nothing is serialised, nothing is sent.
const { Server } = require('node:http')

const emit = Server.prototype.emit
const BATCH = 100
let records = []

Server.prototype.emit = function (event, request, response) {
  if (event === 'request') {
    const startedAt = performance.now()
    response.on('close', () => {
      records.push({
        method: request.method,
        url: request.url,
        status: response.statusCode,
        milliseconds: performance.now() - startedAt,
      })
      if (records.length === BATCH) records = []
    })
  }
  return Reflect.apply(emit, this, arguments)
}
