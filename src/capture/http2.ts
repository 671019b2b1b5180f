import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest, Http2Session, ServerHttp2Stream } from 'node:http2'
import { builtin } from '../builtin.ts'
import { Guard } from '../guard.ts'
import { wrapMethod } from '../wrap.ts'
import { attach, exchangeOf } from './exchange.ts'
import {
  brokenByClient,
  http2ExchangeOf,
  isClientGone,
  openHttp2,
  type Http2Exchange,
  type StreamHeaders,
} from './http2-exchange.ts'
import { settle } from './open-exchanges.ts'
import type { Recording } from './recording.ts'
import { once, openingExchanges, requestOpeners, type Emit, type Open, type Openers } from './server.ts'
import { upgradeOpeners } from './upgrade.ts'

type StreamMethod = (this: ServerHttp2Stream, ...args: unknown[]) => unknown
type Note = (exchange: Http2Exchange, stream: ServerHttp2Stream) => void

const guard = new Guard('http2 capture')

/** Node shows its classes of HTTP/2 servers to nobody. */
const SERVERS = /^Http2(?:Secure)?Server$/

/** The prototype of Node's own that a server has, if it speaks HTTP/2. */
export function http2PrototypeOf(server: unknown): object | undefined {
  let prototype: unknown = server
  while (typeof prototype === 'object' && prototype !== null) {
    if (SERVERS.test(prototype.constructor.name) && Object.hasOwn(prototype, 'updateSettings'))
      return prototype
    prototype = Object.getPrototypeOf(prototype)
  }
  return undefined
}

/**
 * Captures what servers of this prototype answer from now on. Node's compatibility API makes its requests of streams,
 * while `stream` is emitted: so the exchange is the stream's, and requests only join it.
 */
export function captureHttp2(server: object, recording: Recording): void {
  once(server, () =>
    wrapMethod<Emit>(server, 'emit', (emit) => openingExchanges(emit, http2Openers(recording))),
  )
}

function http2Openers(recording: Recording): Openers {
  const { admits, followsConnections } = recording
  const http1 = { ...requestOpeners(admits), ...upgradeOpeners(admits, followsConnections) }
  const request =
    (name: string): Open =>
    (message, response, third) => {
      if (!isOfStream(message as IncomingMessage)) return http1[name]?.(message, response, third, undefined)
      const known = exchangeOf(message as object)
      if (known !== undefined) return known
      const exchange = exchangeOf((message as Http2ServerRequest).stream)
      // Nothing to enter: the stream is being emitted now.
      if (exchange === undefined) return undefined
      attach(exchange, message as object)
      return undefined
    }
  return {
    stream: (stream, headers, _flags, rawHeaders) => {
      follow(stream as ServerHttp2Stream)
      return openHttp2(
        stream as ServerHttp2Stream,
        headers as StreamHeaders,
        rawHeaders as string[],
        recording,
      )
    },
    request: request('request'),
    checkContinue: request('checkContinue'),
    checkExpectation: request('checkExpectation'),
    clientError: http1['clientError'],
    connect: request('connect'),
    upgrade: http1['upgrade'],
  }
}

/**
 * The prototypes of both kinds of servers, for a process whose servers never listen themselves. Servers are made to
 * see them: they cost a millisecond, once, and nothing hears of them.
 */
export function http2Prototypes(): object[] {
  const { createServer, createSecureServer } = builtin<typeof import('node:http2')>('node:http2')
  return [createServer(), createSecureServer()].map((server) => Object.getPrototypeOf(server) as object)
}

/** Made by the compatibility API; a secure server with `allowHTTP1` emits true HTTP/1 requests too. */
function isOfStream(request: IncomingMessage): boolean {
  return request.httpVersionMajor === 2
}

/** Node's classes of streams and sessions are not exported either: the first of each shows its prototype. */
function follow(stream: ServerHttp2Stream): void {
  const streams = Object.getPrototypeOf(stream) as object
  once(streams, () => followStreams(streams))
  if (stream.session === undefined) return
  const sessions = Object.getPrototypeOf(stream.session) as object
  once(sessions, () => wrapMethod<Emit>(sessions, 'emit', watchingClients))
}

/** A client that breaks its session off says so; Node then destroys it as the application would. */
function watchingClients(emit: Emit): Emit {
  return function (this: unknown, event: string, code?: unknown): boolean {
    if (event === 'goaway' && code !== 0) brokenByClient.add(this as Http2Session)
    return Reflect.apply(emit, this, arguments)
  }
}

/** Streams that the server pushes have no exchange: nobody asked for them. */
function followStreams(prototype: object): void {
  // An implicit head is sent by the first write, or by the end; that of a file just before Node's own call of `end`.
  for (const name of ['respond', 'end', '_write', '_writev']) after(prototype, name, noteHead)
  for (const name of ['_final', 'sendTrailers']) after(prototype, name, noteTaken)
  before(prototype, 'close', (exchange, stream) => {
    if (!stream.closed && !isClientGone(stream.session)) exchange.closedHere = true
  })
  // Not `_destroy`, where the stream no longer tells its state.
  before(prototype, 'destroy', (exchange) => {
    exchange.close()
    settle(exchange)
  })
}

const noteHead: Note = (exchange, stream) => {
  if (exchange.headAt === 0 && stream.headersSent) exchange.answered()
}

const noteTaken: Note = (exchange) => {
  exchange.takenAt = performance.now()
}

function before(prototype: object, name: string, note: Note): void {
  wrapMethod<StreamMethod>(
    prototype,
    name,
    (method) =>
      function (this: ServerHttp2Stream): unknown {
        guarded(this, note)
        return Reflect.apply(method, this, arguments)
      },
  )
}

function after(prototype: object, name: string, note: Note): void {
  wrapMethod<StreamMethod>(
    prototype,
    name,
    (method) =>
      function (this: ServerHttp2Stream): unknown {
        const result: unknown = Reflect.apply(method, this, arguments)
        guarded(this, note)
        return result
      },
  )
}

function guarded(stream: ServerHttp2Stream, note: Note): void {
  if (!guard.active) return
  try {
    const exchange = http2ExchangeOf(stream)
    if (exchange !== undefined) note(exchange, stream)
  } catch (fault) {
    guard.fault(fault)
  }
}
