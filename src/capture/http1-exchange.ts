import type { IncomingMessage, ServerResponse } from 'node:http'
import { ChunkLog } from './chunk-log.ts'
import { attach, Exchange, exchangeOf, type Outcome } from './exchange.ts'
import {
  bodyState,
  BROKEN_OFF,
  CLIENT_CLOSED_REQUEST,
  hasBody,
  headerOf,
  headStatus,
  isHeadSent,
  unsentBytes,
  type Connection,
  type Outgoing,
  type RawAnswer,
} from './wire.ts'

/** A request with its response over HTTP/1. */
export class Http1Exchange extends Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly protocol = undefined
  headAt = 0
  endedAt = 0
  requestBytes = 0
  /** The response is closed; what may still come is the rest of the request. */
  closed = false
  /** Pipelined on the same connection: its response may never hear that the connection is gone. */
  behind: Http1Exchange | undefined = undefined
  /** Body bytes that the response took. */
  #written = 0
  #chunks: ChunkLog | undefined = undefined
  /** Body bytes of these that the kernel never took. */
  #lost = 0
  #broken: 'aborted' | 'error' | undefined = undefined
  #answer: RawAnswer | undefined = undefined

  constructor(request: IncomingMessage, response: ServerResponse) {
    super(request.method ?? '', request.url ?? '')
    this.request = request
    this.response = response
  }

  get status(): number {
    if (this.#answer !== undefined) return this.#answer.status
    if (this.headAt !== 0) return headStatus(this.response)
    return this.#broken === 'error' ? BROKEN_OFF : CLIENT_CLOSED_REQUEST
  }

  get outcome(): Outcome {
    return this.#answer === undefined ? (this.#broken ?? 'completed') : 'completed'
  }

  get responseBytes(): number {
    if (this.#answer !== undefined) return this.#answer.bodyBytes
    return this.#written - this.#lost
  }

  /** Off the head itself: headers that were given to `writeHead` are nowhere else. */
  override sentHeader(name: string): string | undefined {
    const head = (this.response as Outgoing)._header
    return typeof head === 'string' ? headerOf(head, name) : undefined
  }

  override maySay(text: string): boolean {
    const head = (this.response as Outgoing)._header
    return typeof head === 'string' && head.includes(text)
  }

  /** @param waiting What waited in the response before it took these bytes. */
  wrote(bytes: number, waiting: number): void {
    this.noticeHead()
    // Destroyed connections take everything and send nothing.
    if (bytes === 0 || this.#broken !== undefined || !hasBody(this.response)) return
    this.#written += bytes
    if (this.response.chunkedEncoding) (this.#chunks ??= new ChunkLog()).add(bytes, waiting)
  }

  /** A pipelined response keeps its head to itself until its turn comes. */
  noticeHead(): void {
    if (this.headAt !== 0 || this.#broken !== undefined || this.response.socket === null) return
    if (isHeadSent(this.response)) this.headAt = performance.now()
  }

  /** Somebody answered past the response, on the connection itself. */
  answered(answer: RawAnswer | undefined): void {
    if (answer === undefined) return
    this.#answer = answer
    this.headAt = performance.now()
  }

  /** The connection is about to be destroyed, or the process to end. Called while what waits can still be counted. */
  breakOff(outcome: 'aborted' | 'error', connection: Connection | null): void {
    if (this.#broken !== undefined || this.endedAt !== 0) return
    this.endedAt = performance.now()
    const { response } = this
    const unsent = unsentBytes(response, connection)
    if (unsent === 0 && this.headAt !== 0 && this.#isOver) return
    this.#broken = outcome
    if (this.#chunks === undefined) {
      this.#lost = Math.min(unsent, this.#written)
      if (unsent > this.#written) this.headAt = 0
    } else {
      const trailer = response.writableEnded ? ((response as Outgoing)._trailer?.length ?? 0) : undefined
      const { body, head } = this.#chunks.loss(unsent, trailer)
      this.#lost = body
      if (head) this.headAt = 0
    }
  }

  /** The response is closed. */
  close(): void {
    this.closed = true
    this.behind = undefined
    if (this.endedAt !== 0) return
    this.endedAt = performance.now()
    // Only connections that are no sockets break off without being noticed before.
    if (!this.response.writableFinished) this.#broken = 'aborted'
    else if (bodyState(this.response, this.#written) === 'short') this.#broken = 'error'
  }

  /**
   * Nothing more is to come: the application has ended the response, or the client has all that the head claims and
   * may leave before the application comes to `end()`, as when files are piped.
   */
  get #isOver(): boolean {
    const state = bodyState(this.response, this.#written)
    return state === 'whole' || (state === 'unclaimed' && this.response.writableEnded)
  }

  interrupt(): void {
    this.breakOff('error', this.response.socket as Connection | null)
  }
}

/**
 * Opens the exchange of a request, or returns the one it has: frameworks hand a request on
 * by emitting it again on another server, and it still is one exchange.
 */
export function openHttp1(request: IncomingMessage, response: ServerResponse): Exchange {
  const open = exchangeOf(request)
  if (open !== undefined) return open
  const exchange = new Http1Exchange(request, response)
  attach(exchange, request)
  attach(exchange, response)
  const ahead = (request.socket as Connection | undefined)?._httpMessage
  if (ahead) {
    let last = http1ExchangeOf(ahead)
    while (last?.behind !== undefined) last = last.behind
    if (last !== undefined && last !== exchange) last.behind = exchange
  }
  return exchange
}

/** The HTTP/1 exchange that a request or response belongs to. */
export function http1ExchangeOf(message: object): Http1Exchange | undefined {
  const exchange = exchangeOf(message)
  return exchange instanceof Http1Exchange ? exchange : undefined
}
