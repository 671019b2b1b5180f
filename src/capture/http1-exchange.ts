import type { IncomingMessage, ServerResponse } from 'node:http'
import { attach, Exchange, exchangeOf, type Outcome } from './exchange.ts'
import { CLIENT_CLOSED_REQUEST, hasBody, sentStatus } from './wire.ts'

/** A request with its response over HTTP/1. */
export class Http1Exchange extends Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly protocol = undefined
  headAt = 0
  endedAt = 0
  /** Body bytes handed to the response, as far as they passed `write` and `end`. */
  bytesWritten = 0
  /** Body bytes taken from a request without a trustworthy content-length. */
  bytesRead = 0

  constructor(request: IncomingMessage, response: ServerResponse) {
    super(request.method ?? '', request.url ?? '')
    this.request = request
    this.response = response
  }

  get status(): number {
    return sentStatus(this.response) ?? CLIENT_CLOSED_REQUEST
  }

  get outcome(): Outcome {
    return this.response.writableFinished ? 'completed' : 'aborted'
  }

  get responseBytes(): number {
    return hasBody(this.response) ? this.bytesWritten : 0
  }

  /** A content-length is true once the whole body has come in; otherwise what was counted is all that is known. */
  get requestBytes(): number {
    const { request } = this
    const length = request.complete ? request.headers['content-length'] : undefined
    return length === undefined ? this.bytesRead : Number(length) || 0
  }
}

/**
 * Opens the exchange of a request, or returns nothing if it has one: frameworks hand a request on
 * by emitting it again on another server, and it still is one exchange.
 */
export function openHttp1(request: IncomingMessage, response: ServerResponse): Http1Exchange | undefined {
  if (exchangeOf(request) !== undefined) return undefined
  const exchange = new Http1Exchange(request, response)
  attach(exchange, request)
  attach(exchange, response)
  return exchange
}

/** The HTTP/1 exchange that a request or response belongs to. */
export function http1ExchangeOf(message: IncomingMessage | ServerResponse): Http1Exchange | undefined {
  const exchange = exchangeOf(message)
  return exchange instanceof Http1Exchange ? exchange : undefined
}
