import type { IncomingMessage } from 'node:http'
import { keepOpen } from './open-exchanges.ts'
import type { JsonValue } from '../types/client.ts'
import type { RouteSource } from './route.ts'

/** Registered, so that a second copy of this package in the process sees that a request is already taken. */
const EXCHANGE: unique symbol = Symbol.for('peekapi.exchange') as never

interface Marked {
  [EXCHANGE]?: Exchange | undefined
}

/**
 * - `completed`: the whole answer was handed to the connection.
 * - `aborted`: the client left before that.
 * - `error`: this side broke the answer off.
 * - `upgraded`: the connection went on in another protocol.
 * - `closed`: such a connection ended.
 */
export type Outcome = 'completed' | 'aborted' | 'error' | 'upgraded' | 'closed'

/** What is read of a request's head when the exchange is over. */
export type RequestHead = Pick<IncomingMessage, 'headers' | 'rawHeaders' | 'socket'>

/**
 * One request that reached a server of this process, with its answer. What is common to all protocols stands here;
 * how the end is accounted for is each protocol's own.
 */
export abstract class Exchange {
  /** As they were when the request arrived: frameworks rewrite `request.url`. */
  readonly method: string
  readonly url: string
  /** Wall clock, milliseconds since the epoch. */
  readonly arrivedAt: number
  /** Monotonic clock, milliseconds. */
  readonly startedAt: number
  /** What frameworks told about the route; the most inner one first. */
  route: RouteSource | undefined = undefined
  /** What frameworks told was done behind the route. */
  operation: string | undefined = undefined
  /** Set by `setConsumer()`. */
  consumer: string | undefined = undefined
  /** Metadata that only exchanges of this kind have. */
  details: Readonly<Record<string, JsonValue>> | undefined = undefined
  /** The event is made; whatever comes later is not part of it. */
  settled = false
  /** Neighbours among the open exchanges. */
  previous: Exchange | undefined = undefined
  next: Exchange | undefined = undefined

  constructor(method: string, url: string) {
    this.method = method
    this.url = url
    this.arrivedAt = Date.now()
    this.startedAt = performance.now()
    keepOpen(this)
  }

  abstract readonly request: RequestHead
  /** As in `metadata.protocol`; undefined for HTTP/1. */
  abstract readonly protocol: string | undefined

  // The account of the end. Asked once, when the exchange settles.

  /** Of the head that was sent; without one 499 if the client left, 500 if this side broke off. */
  abstract readonly status: number
  abstract readonly outcome: Outcome
  /** Monotonic time when the response's head was sent, 0 if it was not. */
  abstract readonly headAt: number
  /** Monotonic time of the response's last byte, or of what broke it off. */
  abstract readonly endedAt: number
  /** Body bytes received. */
  abstract readonly requestBytes: number
  /** Body bytes sent. */
  abstract readonly responseBytes: number

  /** A header as it was sent, by its name in lower case; undefined if it was not, or the protocol does not keep it. */
  sentHeader(_name: string): string | undefined {
    return undefined
  }

  /** Whether a text may stand in the head that was sent. A cheap question before `sentHeader`, for what is asked of every exchange. */
  maySay(_text: string): boolean {
    return true
  }

  /** Of the trailers behind the body, as above. */
  sentTrailer(_name: string): string | undefined {
    return undefined
  }

  /** The process ends while the exchange is open: makes the account of what was sent by now. */
  abstract interrupt(): void
}

/** Looks at an exchange that is over, for frameworks that leave their mark on the answer. Never throws. */
export type Recognize = (exchange: Exchange) => void

/** The exchange that a request, response or stream belongs to, if it is captured. */
export function exchangeOf(message: object): Exchange | undefined {
  return (message as Marked)[EXCHANGE]
}

/**
 * Hangs an exchange on a message. To be done before the framework calls `Object.setPrototypeOf` on it:
 * a property that comes later costs a dictionary-mode transition.
 */
export function attach(exchange: Exchange, message: object): void {
  ;(message as Marked)[EXCHANGE] = exchange
}
