import type { IncomingMessage, ServerResponse } from 'node:http'
import { Guard } from '../guard.ts'
import { wrapMethod } from '../wrap.ts'
import { builtin } from '../builtin.ts'
import { watchConnections } from './connections.ts'
import { enter } from './current.ts'
import { countDownloads } from './downloads.ts'
import { exchangeOf, type Exchange, type RequestHead } from './exchange.ts'
import { http1ExchangeOf, openHttp1 } from './http1-exchange.ts'
import { noticeClientError } from './malformed.ts'
import type { Recording } from './recording.ts'
import { countUploads, settleWithUpload } from './uploads.ts'
import { upgradeOpeners } from './upgrade.ts'
import type { Connection } from './wire.ts'

/** Takes each exchange once, when it is over. */
export type Settle = (exchange: Exchange) => void

/** Whether a request is to be captured; asked before anything is done for it. */
export type Admits = (request: RequestHead & { readonly url?: string | undefined }) => boolean

/** Prototypes of a kind of server and of its responses. */
export interface ServerKind {
  readonly server: object
  readonly response: object
}

export type Emit = (this: unknown, event: string, ...args: unknown[]) => boolean

/** Opens the exchange that an event of a server begins; nothing where there is none to open. */
export type Open = (first: unknown, second: unknown, third: unknown, fourth: unknown) => Exchange | undefined

/** By name of the event. */
export type Openers = Readonly<Record<string, Open | undefined>>

const requests = new Guard('request capture')
const endings = new Guard('response capture')
const captured = new WeakSet<object>()

/**
 * Captures what servers of this kind answer from now on. `http.Server` and `https.Server` share no prototype of
 * their own, so each is wrapped when its first server shows.
 */
export function captureServers({ server, response }: ServerKind, recording: Recording): void {
  const { admits, followsConnections } = recording
  captureMessages(response, recording)
  const openers = { ...requestOpeners(admits), ...upgradeOpeners(admits, followsConnections) }
  once(server, () => wrapMethod<Emit>(server, 'emit', (emit) => openingExchanges(emit, openers)))
}

/** Follows the messages of HTTP/1, whatever kind of server they belong to. */
export function captureMessages(response: object, { settle, admits }: Recording): void {
  once(response, () => {
    wrapMethod<Emit>(response, 'emit', (emit) => closingExchanges(emit, settle))
    countDownloads(response)
    watchConnections()
    openUnemitted(admits)
  })
}

/**
 * Node answers some requests without emitting them: no `Host`, an expectation it does not know, too many on one
 * connection. This channel tells of each.
 */
function openUnemitted(admits: Admits): void {
  const { subscribe } = builtin<typeof import('node:diagnostics_channel')>('node:diagnostics_channel')
  const { request: open } = requestOpeners(admits)
  subscribe('http.server.request.start', (message) => {
    if (!requests.active) return
    try {
      const { request, response } = message as { request: unknown; response: unknown }
      open!(request, response, undefined, undefined)
    } catch (fault) {
      requests.fault(fault)
    }
  })
}

export function once(prototype: object, wrap: () => void): void {
  if (captured.has(prototype)) return
  captured.add(prototype)
  wrap()
}

export function requestOpeners(admits: Admits): Openers {
  const open: Open = (request, response) => {
    const known = exchangeOf(request as object)
    // Handed on by a server of HTTP/2: its stream has the exchange, or was left out.
    if ((request as IncomingMessage).httpVersionMajor === 2) return known
    if (known !== undefined || !admits(request as IncomingMessage)) return known
    const exchange = openHttp1(request as IncomingMessage, response as ServerResponse)
    countUploads((request as IncomingMessage).socket)
    return exchange
  }
  const clientError: Open = (error, socket) => {
    noticeClientError(error, socket as Connection)
    return undefined
  }
  return { request: open, checkContinue: open, checkExpectation: open, clientError }
}

export function openingExchanges(emit: Emit, openers: Openers): Emit {
  // No prototype: names of events are the application's, `toString` too.
  const byEvent: Openers = Object.assign(Object.create(null) as object, openers)
  return function (
    this: unknown,
    event: string,
    a?: unknown,
    b?: unknown,
    c?: unknown,
    d?: unknown,
  ): boolean {
    const open = byEvent[event]
    if (open === undefined || !requests.active) return Reflect.apply(emit, this, arguments)
    let exchange: Exchange | undefined
    try {
      exchange = open(a, b, c, d)
    } catch (fault) {
      requests.fault(fault)
    }
    if (exchange === undefined) return Reflect.apply(emit, this, arguments)
    return enter(exchange, emit, this, arguments)
  }
}

/**
 * The end of a response is seen in its `emit`, not by a listener: listeners show in `listenerCount`
 * and vanish with `removeAllListeners`, which test tools and proxies call.
 */
function closingExchanges(emit: Emit, settle: Settle): Emit {
  return function (this: unknown, event: string): boolean {
    if (event === 'close' && endings.active) {
      try {
        const exchange = http1ExchangeOf(this as ServerResponse)
        if (exchange !== undefined && exchange.response === this) {
          exchange.close()
          if (!awaitsUpload(exchange.request)) settle(exchange)
        }
      } catch (fault) {
        endings.fault(fault)
      }
    }
    return Reflect.apply(emit, this, arguments)
  }
}

/** Whether the request was answered before all of it came, and the rest may still come. */
function awaitsUpload(request: IncomingMessage): boolean {
  return (
    request.complete === false &&
    request.socket?.destroyed === false &&
    settleWithUpload(request.socket as Connection)
  )
}
