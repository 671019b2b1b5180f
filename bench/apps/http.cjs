'use strict'
const http = require('node:http')
const { answerFor, tell } = require('./routes.cjs')

const server = http.createServer((request, response) => {
  const body = JSON.stringify(answerFor(request.url.slice('/users/'.length)))
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
  response.end(body)
})
tell(server.listen(0, '127.0.0.1'))
