'use strict'
// What an analytics middleware usually does, as a preload so that every application can have it: counts bytes by
// replacing write and end on each response, hashes the credential of each request, keeps objects, and posts them
// by 250 as JSON.
const { createHash } = require('node:crypto')
const { request: post, Agent, Server } = require('node:http')

const emit = Server.prototype.emit
const agent = new Agent({ keepAlive: true })
const BATCH = 250
let events = []

Server.prototype.emit = function (event, request, response) {
  if (event === 'request') track(request, response)
  return Reflect.apply(emit, this, arguments)
}

function track(request, response) {
  const startedAt = process.hrtime.bigint()
  let bytes = 0
  for (const method of ['write', 'end']) {
    const original = response[method]
    response[method] = function (chunk, ...rest) {
      if (chunk && typeof chunk !== 'function') bytes += Buffer.byteLength(chunk)
      return original.call(this, chunk, ...rest)
    }
  }
  response.on('finish', () => {
    const credential = request.headers['x-api-key'] ?? request.headers.authorization ?? ''
    events.push({
      method: request.method,
      path: request.route?.path ?? request.url,
      status_code: response.statusCode,
      response_time_ms: Number(process.hrtime.bigint() - startedAt) / 1e6,
      request_size: Number(request.headers['content-length'] ?? 0),
      response_size: bytes,
      consumer_id: createHash('sha256').update(credential).digest('hex').slice(0, 12),
      timestamp: new Date().toISOString(),
    })
    if (events.length === BATCH) send(events.splice(0))
  })
}

function send(batch) {
  const body = JSON.stringify(batch)
  const outgoing = post(process.env.NAIVE_ENDPOINT, { method: 'POST', agent }, (answer) => answer.resume())
  outgoing.on('error', () => {})
  outgoing.end(body)
}
