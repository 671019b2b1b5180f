import type { IncomingMessage, ServerResponse } from 'node:http'
import shimmer from 'shimmer'
import { Guard } from '../guard.ts'
import { countBodies } from './bodies.ts'
import { exchangeOf, openExchange, type Exchange } from './exchange.ts'
import { enter } from './current.ts'

/** Takes each exchange once, when it is over. */
export type Settle = (exchange: Exchange) => void

/** Whether a request is to be captured; asked before anything is done for it. */
export type Admits = (request: IncomingMessage) => boolean

type Emit = (this: unknown, event: string, ...args: unknown[]) => boolean

const requests = new Guard('request capture')
const endings = new Guard('response capture')

/** shimmer reports to `console.error` unless told otherwise; stderr is the application's. */
shimmer({ logger: () => {} })

/**
 * Wraps `emit` on the prototypes of a server and of its responses. `http.Server` and `https.Server`
 * share no prototype of their own, so each is wrapped when its first server starts.
 *
 * The end of a response is seen in its `emit`, not by a listener: listeners show in `listenerCount`
 * and vanish with `removeAllListeners`, which test tools and proxies call.
 */
export function captureServers(
  serverPrototype: object,
  responsePrototype: object,
  settle: Settle,
  admits: Admits,
): void {
  wrapEmit(
    serverPrototype,
    (emit) =>
      function (this: unknown, event: string, request?: unknown, response?: unknown): boolean {
        if (event !== 'request' && event !== 'checkContinue' && event !== 'checkExpectation') {
          return Reflect.apply(emit, this, arguments)
        }
        let exchange: Exchange | undefined
        if (requests.active) {
          try {
            if (admits(request as IncomingMessage))
              exchange = openExchange(request as IncomingMessage, response as ServerResponse)
          } catch (fault) {
            requests.fault(fault)
          }
        }
        if (exchange === undefined) return Reflect.apply(emit, this, arguments)
        return enter(exchange, emit, this, arguments)
      },
  )
  wrapEmit(
    responsePrototype,
    (emit) =>
      function (this: unknown, event: string): boolean {
        if (event === 'close' && endings.active) {
          try {
            const exchange = exchangeOf(this as ServerResponse)
            if (exchange !== undefined && !exchange.settled && exchange.response === this) {
              exchange.settled = true
              settle(exchange)
            }
          } catch (fault) {
            endings.fault(fault)
          }
        }
        return Reflect.apply(emit, this, arguments)
      },
  )
  countBodies(responsePrototype)
}

/** Once per prototype, however often it is asked for. */
const wrapped = new WeakSet<object>()

function wrapEmit(prototype: object, wrapper: (emit: Emit) => Emit): void {
  if (wrapped.has(prototype)) return
  wrapped.add(prototype)
  shimmer.wrap(prototype as { emit: Emit }, 'emit', wrapper)
}
