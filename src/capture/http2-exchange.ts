import type { Http2Session, ServerHttp2Stream } from 'node:http2'
import { attach, Exchange, exchangeOf, type Outcome, type RequestHead } from './exchange.ts'
import { settle } from './open-exchanges.ts'
import type { Recording } from './recording.ts'
import { UpgradedConnection } from './upgraded-connection.ts'
import { BROKEN_OFF, CLIENT_CLOSED_REQUEST } from './wire.ts'

export type StreamHeaders = RequestHead['headers']

/** A request with its response on one stream of an HTTP/2 session. */
export class Http2Exchange extends Exchange {
  readonly request: RequestHead
  readonly protocol: string
  status: number = CLIENT_CLOSED_REQUEST
  outcome: Outcome = 'completed'
  headAt = 0
  endedAt = 0
  requestBytes = 0
  responseBytes = 0
  /** Monotonic time when the session had taken all of the body, or the trailers behind it. */
  takenAt = 0
  /** This side closed the stream while its client was still there. */
  closedHere = false
  readonly #stream: ServerHttp2Stream
  readonly #follows: boolean
  #tunnel: UpgradedConnection | undefined = undefined

  /** @param follows Whether the end of a tunnel is an event too. */
  constructor(stream: ServerHttp2Stream, request: StreamHead, follows: boolean) {
    super(String(request.headers[':method']), request.url)
    this.#stream = stream
    this.request = request
    this.protocol = request.headers[':protocol'] === 'websocket' ? 'websocket' : 'h2'
    this.#follows = follows
  }

  /** The head of the answer is out. */
  answered(): void {
    this.headAt = performance.now()
    if (this.method !== 'CONNECT') return
    const status = sentStatus(this.#stream)
    if (status === undefined || status >= 300) return
    // A tunnel, as WebSockets are one over HTTP/2: what passes from now on is no body.
    this.status = status
    this.outcome = 'upgraded'
    this.endedAt = this.headAt
    if (this.#follows) {
      this.#tunnel = new UpgradedConnection(this, () => {
        const { bytesRead, bytesWritten } = countersOf(this.#stream)
        return { received: bytesRead, sent: bytesWritten }
      })
    }
    process.nextTick(settle, this)
  }

  /** Makes the account of a stream that is about to be destroyed: afterwards it has forgotten most of it. */
  close(): void {
    if (this.outcome === 'upgraded') return this.#tunnel?.close()
    const stream = this.#stream
    this.endedAt = performance.now()
    const { bytesRead, bytesWritten } = countersOf(stream)
    this.requestBytes = bytesRead
    this.responseBytes = bytesWritten
    if (!isComplete(stream)) this.outcome = this.closedHere || !isGivenUp(stream) ? 'error' : 'aborted'
    const status = sentStatus(stream)
    if (status !== undefined) {
      this.status = status
    } else if (this.outcome === 'error') {
      this.status = BROKEN_OFF
    }
    // The stream itself may live on until the client has sent all of its request.
    if (
      this.outcome === 'completed' &&
      (endsWithHead(stream) || (stream.writableFinished && !sendsFile(stream)))
    ) {
      this.endedAt = Math.max(this.headAt, this.takenAt)
    }
  }

  override sentHeader(name: string): string | undefined {
    return text(this.#stream.sentHeaders?.[name])
  }

  override sentTrailer(name: string): string | undefined {
    return text(this.#stream.sentTrailers?.[name])
  }

  interrupt(): void {
    if (this.outcome !== 'upgraded') this.close()
  }
}

function text(value: unknown): string | undefined {
  return value === undefined ? undefined : String(value)
}

class StreamHead implements RequestHead {
  readonly headers: StreamHeaders
  readonly rawHeaders: string[]
  readonly #stream: ServerHttp2Stream

  constructor(stream: ServerHttp2Stream, headers: StreamHeaders, rawHeaders: string[]) {
    this.#stream = stream
    this.headers = headers
    this.rawHeaders = rawHeaders
  }

  /** CONNECT has no path, only the name of the other end. */
  get url(): string {
    return String(this.headers[':path'] ?? this.headers[':authority'] ?? '')
  }

  /** Of the session: Node makes a stand-in that refuses what would break the framing. */
  get socket(): RequestHead['socket'] {
    return this.#stream.session?.socket as RequestHead['socket']
  }
}

/** Opens the exchange of a stream, or returns the one it has; nothing if it is not to be captured. */
export function openHttp2(
  stream: ServerHttp2Stream,
  headers: StreamHeaders,
  rawHeaders: string[],
  { admits, followsConnections }: Pick<Recording, 'admits' | 'followsConnections'>,
): Exchange | undefined {
  const open = exchangeOf(stream)
  if (open !== undefined) return open
  const request = new StreamHead(stream, headers, rawHeaders)
  if (!admits(request)) return undefined
  const exchange = new Http2Exchange(stream, request, followsConnections)
  attach(exchange, stream)
  return exchange
}

/** The HTTP/2 exchange that a stream belongs to. */
export function http2ExchangeOf(stream: object): Http2Exchange | undefined {
  const exchange = exchangeOf(stream)
  return exchange instanceof Http2Exchange ? exchange : undefined
}

/** Sessions whose client said by GOAWAY that it broke off. */
export const brokenByClient: WeakSet<Http2Session> = new WeakSet<Http2Session>()

/** Of the head that was handed to the session, if one was. */
function sentStatus(stream: ServerHttp2Stream): number | undefined {
  return stream.sentHeaders === undefined ? undefined : Number(stream.sentHeaders[':status'])
}

/** Closed by a frame of the client, or with its connection; else destroyed from this side, perhaps for the same reason. */
function isGivenUp(stream: ServerHttp2Stream): boolean {
  return stream.closed || isClientGone(stream.session)
}

function isComplete(stream: ServerHttp2Stream): boolean {
  if (!stream.headersSent || stream.aborted) return false
  // Whatever is written behind such a head is an error, after which there is no `finish`.
  if (endsWithHead(stream)) return true
  // The client was done before, so the last frame of the answer closes the stream ahead of `finish`. A client that
  // leaves looks alike, but for what the session knows. It is asked only here, where it knows the stream.
  if (!stream.writableFinished) return stream.state.localClose === 1
  const endedWell = stream.closed && stream.rstCode === 0
  // A file is piped below JavaScript, where `finish` comes before its first byte.
  if (sendsFile(stream)) return endedWell
  const awaitsTrailers = stream.sentTrailers === undefined && stream.listenerCount('wantTrailers') > 0
  return endedWell || !awaitsTrailers
}

/** Statuses whose answers have no body: Node ends the stream with their head. */
const BODILESS = new Set([204, 205, 304])

function endsWithHead(stream: ServerHttp2Stream): boolean {
  const { headRequest } = stream as { headRequest?: boolean }
  return headRequest === true || BODILESS.has(sentStatus(stream) ?? 0)
}

/** Node takes `_final` away from a stream that it pipes a file to. */
function sendsFile(stream: ServerHttp2Stream): boolean {
  return (stream as { _final?: unknown })._final === null
}

export function isClientGone(session: Http2Session | undefined): boolean {
  if (session === undefined || brokenByClient.has(session)) return true
  try {
    return session.socket.destroyed
  } catch {
    // Node's stand-in throws once the session has lost its socket.
    return true
  }
}

interface Counters {
  readonly bytesRead: number
  readonly bytesWritten: number
}

const NOTHING: Counters = { bytesRead: 0, bytesWritten: 0 }
let handleKey: symbol | undefined

/**
 * What the native side of a stream counted: payload of DATA frames that came in, read by the application or not, and
 * what was handed to the session, files included, which never pass JavaScript. Counting here costs nothing per chunk.
 * Of an answer broken off in the middle of a chunk, this chunk counts as sent: how much of it the client's window
 * let through, Node tells nobody but a PerformanceObserver of all streams.
 */
function countersOf(stream: ServerHttp2Stream): Counters {
  handleKey ??= Object.getOwnPropertySymbols(stream).find(({ description }) => description === 'kHandle')
  if (handleKey === undefined) return NOTHING
  return (stream as unknown as Record<symbol, Counters | undefined>)[handleKey] ?? NOTHING
}
