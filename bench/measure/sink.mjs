// Takes whatever an agent exports, in a process of its own, and counts it: what is sent must arrive to be compared.
import { createServer } from 'node:http'

let posts = 0
let bytes = 0
const server = createServer((request, response) => {
  request.on('data', (chunk) => (bytes += chunk.byteLength))
  request.on('end', () => {
    posts++
    response.writeHead(202, { 'content-type': 'application/json' }).end('{}')
  })
})
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
process.on('message', () => process.send({ posts, bytes }))
process.once('disconnect', () => process.exit())
