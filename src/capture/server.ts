import type { IncomingMessage, ServerResponse } from 'node:http'
import { Guard } from '../guard.ts'
import { wrapMethod } from '../wrap.ts'
import { countDownloads, countUploads } from './bodies.ts'
import { enter } from './current.ts'
import type { Exchange } from './exchange.ts'
import { http1ExchangeOf, openHttp1 } from './http1-exchange.ts'

/** Takes each exchange once, when it is over. */
export type Settle = (exchange: Exchange) => void

/** Whether a request is to be captured; asked before anything is done for it. */
export type Admits = (request: IncomingMessage) => boolean

/** Prototypes of a kind of server and of its messages. */
export interface ServerKind {
  readonly server: object
  readonly request: object
  readonly response: object
}

type Emit = (this: unknown, event: string, ...args: unknown[]) => boolean

const requests = new Guard('request capture')
const endings = new Guard('response capture')
const captured = new WeakSet<object>()

/**
 * Captures what servers of this kind answer from now on. `http.Server` and `https.Server` share no prototype of
 * their own, so each is wrapped when its first server shows.
 */
export function captureServers(
  { server, request, response }: ServerKind,
  settle: Settle,
  admits: Admits,
): void {
  once(server, () => wrapMethod<Emit>(server, 'emit', (emit) => openingExchanges(emit, admits)))
  once(response, () => {
    wrapMethod<Emit>(response, 'emit', (emit) => closingExchanges(emit, settle))
    countDownloads(response)
  })
  once(request, () => countUploads(request))
}

function once(prototype: object, wrap: () => void): void {
  if (captured.has(prototype)) return
  captured.add(prototype)
  wrap()
}

function openingExchanges(emit: Emit, admits: Admits): Emit {
  return function (this: unknown, event: string, request?: unknown, response?: unknown): boolean {
    if (event !== 'request' && event !== 'checkContinue' && event !== 'checkExpectation') {
      return Reflect.apply(emit, this, arguments)
    }
    let exchange: Exchange | undefined
    if (requests.active) {
      try {
        if (admits(request as IncomingMessage)) {
          exchange = openHttp1(request as IncomingMessage, response as ServerResponse)
        }
      } catch (fault) {
        requests.fault(fault)
      }
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
