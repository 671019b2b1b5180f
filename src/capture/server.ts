import type { IncomingMessage, ServerResponse } from 'node:http'
import { Guard } from '../guard.ts'
import { wrapMethod } from '../wrap.ts'
import { countDownloads, countUploads } from './bodies.ts'
import { enter } from './current.ts'
import type { Exchange, RequestHead } from './exchange.ts'
import { http1ExchangeOf, openHttp1 } from './http1-exchange.ts'

/** Takes each exchange once, when it is over. */
export type Settle = (exchange: Exchange) => void

/** Whether a request is to be captured; asked before anything is done for it. */
export type Admits = (request: RequestHead & { readonly url?: string | undefined }) => boolean

/** Prototypes of a kind of server and of its messages. */
export interface ServerKind {
  readonly server: object
  readonly request: object
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
export function captureServers({ server, ...messages }: ServerKind, settle: Settle, admits: Admits): void {
  captureMessages(messages, settle)
  once(server, () =>
    wrapMethod<Emit>(server, 'emit', (emit) => openingExchanges(emit, requestOpeners(admits))),
  )
}

/** Follows the messages of HTTP/1, whatever kind of server they belong to. */
export function captureMessages({ request, response }: Omit<ServerKind, 'server'>, settle: Settle): void {
  once(response, () => {
    wrapMethod<Emit>(response, 'emit', (emit) => closingExchanges(emit, settle))
    countDownloads(response)
  })
  once(request, () => countUploads(request))
}

export function once(prototype: object, wrap: () => void): void {
  if (captured.has(prototype)) return
  captured.add(prototype)
  wrap()
}

export function requestOpeners(admits: Admits): Openers {
  const open: Open = (request, response) =>
    admits(request as IncomingMessage)
      ? openHttp1(request as IncomingMessage, response as ServerResponse)
      : undefined
  return { request: open, checkContinue: open, checkExpectation: open }
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
        if (exchange !== undefined && !exchange.settled && exchange.response === this) {
          exchange.settled = true
          exchange.endedAt = performance.now()
          settle(exchange)
        }
      } catch (fault) {
        endings.fault(fault)
      }
    }
    return Reflect.apply(emit, this, arguments)
  }
}
