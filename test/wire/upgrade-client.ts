import { once } from 'node:events'
import { createRequire } from 'node:module'
import { connect } from 'node:net'
import { connect as connectSecurely } from 'node:tls'
import { root } from '../support/app.ts'
import { Http1Accountant } from './http1-accountant.ts'
import { SECURE, type ConnectionPlan, type ExchangePlan } from './plan.ts'
import { requestHead, requestHeaders } from './request-bytes.ts'
import { reset } from './reset.ts'

interface Client extends NodeJS.EventEmitter {
  send(data: Buffer): void
  close(): void
  terminate(): void
}
type ClientClass = new (url: string, options: object) => Client
const { WebSocket } = createRequire(`${root}fixtures/upgrade/`)('ws') as { WebSocket: ClientClass }

/** Each exchange on a connection of its own, which it may take out of HTTP. */
export async function runUpgrades(plan: ConnectionPlan, port: number): Promise<void> {
  for (const exchange of plan.exchanges) {
    if (exchange.server.upgrade?.answer === 'ws') await byWebSocket(exchange, plan, port)
    else await byHand(exchange, plan, port)
  }
}

/** The client of `ws`: says something, hears its echo, and leaves. */
async function byWebSocket(
  exchange: ExchangePlan,
  { port: name }: ConnectionPlan,
  port: number,
): Promise<void> {
  const scheme = SECURE.has(name) ? 'wss' : 'ws'
  const client = new WebSocket(`${scheme}://127.0.0.1:${port}${exchange.target}`, {
    headers: requestHeaders(exchange),
    rejectUnauthorized: false,
  })
  client.on('error', () => {})
  client.on('open', () => client.send(Buffer.alloc(exchange.server.upgrade!.bytes, 'w')))
  client.on('message', () => (exchange.leaving?.by === 'reset' ? client.terminate() : client.close()))
  await once(client, 'close')
}

async function byHand(exchange: ExchangePlan, { port: name }: ConnectionPlan, port: number): Promise<void> {
  const { leaving, server } = exchange
  const target = { port, host: '127.0.0.1', noDelay: true }
  const secure = SECURE.has(name)
  const socket = secure ? connectSecurely({ ...target, rejectUnauthorized: false }) : connect(target)
  if (secure) await once(socket, 'secureConnect')
  const books = new Http1Accountant()
  const leave = (): unknown => (leaving?.by === 'reset' ? reset(socket) : socket.end())
  socket.on('error', () => {})
  socket.on('data', (bytes: Buffer) => {
    books.fromServer(bytes)
    const { interim, tunnel, responseBytes } = books.accounts[0]!
    if (leaving?.at === 'silence' && interim.includes(102)) leave()
    // What is said in the tunnel comes back.
    if (tunnel && responseBytes === server.upgrade!.bytes) leave()
  })
  const head = Buffer.from(requestHead(exchange), 'latin1')
  books.fromClient(head)
  // What follows is of no protocol, and may be early: what is refused then stays unread.
  const talk =
    server.upgrade!.answer === 'accept' ? Buffer.alloc(server.upgrade!.bytes, 't') : Buffer.alloc(0)
  socket.write(Buffer.concat([head, talk]))
  await once(socket, 'close')
}
