// Takes whatever an agent exports, in a process of its own, and counts it: what is sent must arrive to be compared.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'

const SLOW_MS = 5_000
let state = 'up'
const counts = { posts: 0, bytes: 0 }

/** New Relic asks who it is and how often it may send, before it sends anything. */
const NEW_RELIC = {
  preconnect: (request) => ({ redirect_host: request.headers.host }),
  connect: () => ({ agent_run_id: '1', collect_analytics_events: true }),
}

function take(request, response) {
  request.on('data', (chunk) => (counts.bytes += chunk.byteLength))
  request.on('end', () => {
    counts.posts++
    const method = /^\/agent_listener\/.*[?&]method=(\w+)/.exec(request.url)?.[1]
    const answer = method === undefined ? {} : { return_value: NEW_RELIC[method]?.(request) ?? [] }
    const respond = () => {
      response.writeHead(method === undefined ? 202 : 200, { 'content-type': 'application/json' })
      response.end(JSON.stringify(answer))
    }
    if (state === 'slow') setTimeout(respond, SLOW_MS)
    else respond()
  })
}

async function listen(server, port = 0) {
  await once(server.listen(port, '127.0.0.1'), 'listening')
  return server.address().port
}

const server = createServer(take)
const port = await listen(server)
let secure
const questions = {
  counts: () => counts,
  async become(wanted) {
    state = wanted
    if (wanted === 'refused' && server.listening) {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    }
    if (wanted !== 'refused' && !server.listening) await listen(server, port)
  },
  'listen over TLS': async (identity) => {
    secure ??= listen(createSecureServer(identity, take))
    return secure
  },
}
process.on('message', async ({ question, given }) =>
  process.send({ question, answer: await questions[question](given) }),
)
process.once('disconnect', () => process.exit())
process.send({ port })
