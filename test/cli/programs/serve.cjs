'use strict'
// Answers with the status that is asked for; /wait only after the client has left.
const http = require('node:http')

const server = http.createServer((request, response) => {
  if (request.url === '/wait') return
  response.statusCode = Number(request.headers['x-status'] ?? 200)
  response.end('hello')
})
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
