'use strict'
// Hands the kernel a batch that takes a while to read, and dies before anyone can have read it all.
const net = require('node:net')

const EVENTS = 30_000
const event = {
  method: 'GET',
  path: '/last',
  status_code: 200,
  response_time_ms: 1,
  request_size: 0,
  response_size: 0,
  timestamp: new Date().toISOString(),
}
const body = JSON.stringify(Array.from({ length: EVENTS }, () => event))
const { hostname, port, pathname } = new URL(process.env.PEEKAPI_ENDPOINT)
const socket = net.connect(port, hostname, () => {
  socket.write(
    `POST ${pathname} HTTP/1.1\r\nhost: ${hostname}\r\nx-api-key: k\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    () => process.kill(process.pid, 'SIGKILL'),
  )
})
