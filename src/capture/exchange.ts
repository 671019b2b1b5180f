import type { IncomingMessage, ServerResponse } from 'node:http'
import type { RouteSource } from './route.ts'

/** Registered, so that a second copy of this package in the process sees that a request is already taken. */
const EXCHANGE: unique symbol = Symbol.for('peekapi.exchange') as never

interface Marked {
  [EXCHANGE]?: Exchange | undefined
}

/** One request that reached a server of this process, with its response. */
export class Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** As they were when the request arrived: frameworks rewrite `request.url`. */
  readonly method: string
  readonly url: string
  /** Wall clock, milliseconds since the epoch. */
  readonly arrivedAt: number
  /** Monotonic clock, milliseconds. */
  readonly startedAt: number
  /** Monotonic time of the response's head, 0 before it. */
  headAt = 0
  /** Body bytes handed to the response, as far as they passed `write` and `end`. */
  responseBytes = 0
  /** Body bytes taken from a request without a trustworthy content-length. */
  requestBytes = 0
  /** What frameworks told about the route; the most inner one first. */
  route: RouteSource | undefined = undefined
  /** Set by `setConsumer()`. */
  consumer: string | undefined = undefined
  settled = false

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.request = request
    this.response = response
    this.method = request.method ?? ''
    this.url = request.url ?? ''
    this.arrivedAt = Date.now()
    this.startedAt = performance.now()
  }
}

/** The exchange a request or response belongs to, if it is captured. */
export function exchangeOf(message: object): Exchange | undefined {
  return (message as Marked)[EXCHANGE]
}

/**
 * Opens the exchange of a request, or returns nothing if it has one: frameworks hand a request on
 * by emitting it again on another server, and it still is one exchange.
 */
export function openExchange(request: IncomingMessage, response: ServerResponse): Exchange | undefined {
  if (exchangeOf(request) !== undefined) return undefined
  const exchange = new Exchange(request, response)
  // Set here, before the framework calls Object.setPrototypeOf on both: a property that
  // comes later costs a dictionary-mode transition.
  ;(request as Marked)[EXCHANGE] = exchange
  ;(response as Marked)[EXCHANGE] = exchange
  return exchange
}
