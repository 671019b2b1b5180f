import { connect, constants, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2'
import { setTimeout as sleep } from 'node:timers/promises'
import { bodyBytes } from './answer-size.ts'
import type { StreamName, StreamNames } from './http2-accountant.ts'
import { cutAt, SECURE, TORRENT_BYTES, uploadBytes, type ConnectionPlan, type ExchangePlan } from './plan.ts'
import { requestHeaders } from './request-bytes.ts'

/** All exchanges of a plan on one session, at once if it says so. */
export async function runHttp2(plan: ConnectionPlan, port: number, names: StreamNames): Promise<void> {
  // Node's session that had no stream may close for nobody.
  if (plan.exchanges.length === 0) return
  const scheme = SECURE.has(plan.port) ? 'https' : 'http'
  const session = connect(`${scheme}://127.0.0.1:${port}`, {
    rejectUnauthorized: false,
    // The proxy reads statuses, and keeps no table.
    settings: { headerTableSize: 0 },
  })
  session.on('error', () => {})
  const register: Register = (stream, name) =>
    names.set(`${plan.port}:${session.socket.localPort}:${stream}`, name)
  const run = (exchange: ExchangePlan): Promise<void> => exchangeOn(session, exchange, register)
  if (plan.pipelined) await Promise.all(plan.exchanges.map(run))
  else for (const exchange of plan.exchanges) await run(exchange)
  // In good order: what was still on its way comes before the end of the connection.
  await new Promise<void>((resolve) => {
    if (session.closed || session.destroyed) resolve()
    else session.close(resolve)
  })
}

/** Says what a stream is called. */
type Register = (stream: number | undefined, name: StreamName) => void

function exchangeOn(session: ClientHttp2Session, plan: ExchangePlan, register: Register): Promise<void> {
  if (session.destroyed || session.closed) return Promise.resolve()
  const { method, target, leaving } = plan
  const { 'transfer-encoding': _coding, expect: _expect, ...headers } = requestHeaders(plan)
  const stream = session.request(
    { ...headers, ':method': method, ':path': target },
    { endStream: uploadBytes(plan) === 0 },
  )
  const name: StreamName = { id: plan.id, method, target }
  // It has a number once the session has a connection.
  if (stream.pending) stream.once('ready', () => register(stream.id, name))
  else register(stream.id, name)
  const closed = new Promise<void>((resolve) => stream.once('close', resolve))
  stream.on('error', () => {})
  stream.on('headers', ({ ':status': status }) => {
    if (status === 102 && (leaving?.at === 'body' || leaving?.at === 'silence')) leave(stream)
  })
  read(stream, plan)
  void send(stream, plan)
  return closed
}

function read(stream: ClientHttp2Stream, { leaving, server }: ExchangePlan): void {
  let received = 0
  const leaveIfDue = (): void => {
    if (leaving?.at === 'answer' && received === bodyBytes(server)) leave(stream)
    if (leaving?.at === 'torrent' && received >= TORRENT_BYTES) leave(stream)
  }
  stream.on('response', leaveIfDue)
  // Has its answer, and takes the rest of its request back: Node's own client at times holds on to it for ever.
  stream.on('end', () => {
    if (!stream.writableFinished) stream.destroy()
  })
  stream.on('data', (chunk: Buffer) => {
    received += chunk.byteLength
    leaveIfDue()
  })
}

async function send(stream: ClientHttp2Stream, plan: ExchangePlan): Promise<void> {
  const { upload, leaving } = plan
  let left = leaving?.at === 'body' ? cutAt(plan) : uploadBytes(plan)
  for (const size of upload.pieces) {
    const taken = Math.min(size, left)
    left -= taken
    if (taken > 0 && stream.writable) stream.write(Buffer.alloc(taken, 'u'))
    if (upload.gap > 0) await sleep(upload.gap)
  }
  if (leaving?.at !== 'body') stream.end()
}

function leave(stream: ClientHttp2Stream): void {
  stream.close(constants.NGHTTP2_CANCEL)
}
