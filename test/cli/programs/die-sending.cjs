'use strict'
// Leaves a batch with the kernel while the collector stands still, and dies: nobody has read a byte of it yet.
// A connection to WITNESS_PORT shows by its end that this process is really gone.
const net = require('node:net')

const event = {
  method: 'GET',
  path: '/last',
  status_code: 200,
  response_time_ms: 1,
  request_size: 0,
  response_size: 0,
  timestamp: new Date().toISOString(),
}
const body = JSON.stringify([event])
const { hostname, port, pathname } = new URL(process.env.PEEKAPI_ENDPOINT)
process.kill(process.ppid, 'SIGSTOP')
net.connect(process.env.WITNESS_PORT, '127.0.0.1')
const socket = net.connect(port, hostname, () => {
  socket.write(
    `POST ${pathname} HTTP/1.1\r\nhost: ${hostname}\r\nx-api-key: k\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    () => process.kill(process.pid, 'SIGKILL'),
  )
})
