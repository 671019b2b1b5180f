import { Agent, request, type IncomingMessage, type RequestOptions } from 'node:http'
import { Agent as SecureAgent, request as requestSecurely } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { bodyBytes } from './answer-size.ts'
import { cutAt, SECURE, TORRENT_BYTES, uploadBytes, type ConnectionPlan, type ExchangePlan } from './plan.ts'
import { requestHeaders } from './request-bytes.ts'

/** Connections that exchanges of all plans share. */
export class Pools {
  readonly plain: Agent = new Agent({ keepAlive: true })
  readonly secure: SecureAgent = new SecureAgent({ keepAlive: true })

  destroy(): void {
    this.plain.destroy()
    this.secure.destroy()
  }
}

/** One exchange after the other; whatever goes wrong is part of the traffic. */
export async function runHttp(plan: ConnectionPlan, port: number, pools: Pools): Promise<void> {
  const way = SECURE.has(plan.port)
    ? { request: requestSecurely, pool: pools.secure }
    : { request, pool: pools.plain }
  for (const exchange of plan.exchanges)
    if (exchange.leaving?.at !== 'head') await byHttp(exchange, port, way)
}

export async function runFetch(plan: ConnectionPlan, port: number): Promise<void> {
  for (const exchange of plan.exchanges) if (exchange.leaving?.at !== 'head') await byFetch(exchange, port)
}

interface Way {
  readonly request: typeof request
  readonly pool: Agent
}

function byHttp(plan: ExchangePlan, port: number, { request, pool }: Way): Promise<void> {
  return new Promise((resolve) => {
    const { method, target: path, leaving, server } = plan
    // See the generator: what breaks off must not come behind another on its connection.
    const agent = server.ending.startsWith('destroy') ? false : pool
    const options = { port, host: '127.0.0.1', agent, method, path, headers: requestHeaders(plan) }
    const outgoing = request({ ...options, rejectUnauthorized: false } as RequestOptions)
    outgoing.on('error', () => {})
    outgoing.on('close', () => resolve())
    outgoing.on('information', ({ statusCode }) => {
      if (statusCode === 102 && (leaving?.at === 'body' || leaving?.at === 'silence')) outgoing.destroy()
    })
    outgoing.on('response', (response: IncomingMessage) => {
      let received = 0
      const leave = (): void => {
        if (leaving?.at === 'answer' && received === bodyBytes(server)) outgoing.destroy()
        if (leaving?.at === 'torrent' && received >= TORRENT_BYTES) outgoing.destroy()
      }
      response.on('error', () => {})
      response.on('data', (chunk: Buffer) => {
        received += chunk.byteLength
        leave()
      })
      leave()
    })
    const send = async (): Promise<void> => {
      let left = leaving?.at === 'body' ? cutAt(plan) : uploadBytes(plan)
      for (const size of plan.upload.pieces) {
        const taken = Math.min(size, left)
        left -= taken
        if (taken > 0 && !outgoing.destroyed) outgoing.write(Buffer.alloc(taken, 'u'))
        if (plan.upload.gap > 0) await sleep(plan.upload.gap)
      }
      if (plan.upload.trailers === true && plan.upload.framing === 'chunked')
        outgoing.addTrailers({ 'x-sum': '1' })
      if (leaving?.at !== 'body') outgoing.end()
    }
    if (plan.upload.expect === undefined) void send()
    else {
      outgoing.once('continue', () => void send())
      outgoing.flushHeaders()
    }
  })
}

/** Node's own fetch: undici's client, pool and parser. */
async function byFetch(plan: ExchangePlan, port: number): Promise<void> {
  const { method, target, leaving, upload, server } = plan
  const leaver = new AbortController()
  const {
    expect: _expect,
    'content-length': _length,
    'transfer-encoding': _coding,
    ...headers
  } = requestHeaders(plan)
  // Its pool is its own, it sends no half bodies and hears no 102: some of the traffic is for other clients.
  if (server.ending.startsWith('destroy')) return
  if (leaving !== undefined && leaving.at !== 'answer' && leaving.at !== 'torrent') return
  const init: RequestInit & { duplex?: 'half' } = {
    method,
    headers,
    signal: leaver.signal,
    redirect: 'manual',
  }
  if (upload.framing === 'length')
    init.body = Buffer.concat(upload.pieces.map((size) => Buffer.alloc(size, 'u')))
  if (upload.framing === 'chunked') {
    init.body = ReadableStream.from(chunks(upload.pieces, upload.gap))
    init.duplex = 'half'
  }
  try {
    const response = await fetch(`http://127.0.0.1:${port}${target}`, init)
    let received = 0
    if (leaving?.at === 'answer' && bodyBytes(server) === 0) leaver.abort()
    for await (const chunk of response.body ?? []) {
      received += chunk.byteLength
      if (leaving?.at === 'answer' && received === bodyBytes(server)) leaver.abort()
      if (leaving?.at === 'torrent' && received >= TORRENT_BYTES) leaver.abort()
    }
  } catch {
    // Broken off, by the plan.
  }
}

async function* chunks(sizes: readonly number[], gap: number): AsyncGenerator<Buffer> {
  for (const size of sizes) {
    yield Buffer.alloc(size, 'u')
    if (gap > 0) await sleep(gap)
  }
}
