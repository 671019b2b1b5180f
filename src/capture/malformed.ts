import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { Exchange, type RequestHead } from './exchange.ts'
import { onFirstWrite } from './writes.ts'
import { http1ExchangeOf } from './http1-exchange.ts'
import { countMalformed, settle } from './open-exchanges.ts'
import { rawAnswerOf, type Connection, type RawAnswer } from './wire.ts'

/** Reported in the place of a path that could not be read. */
export const MALFORMED_PATH = '(malformed)'
/** OpenTelemetry's name for methods that are none. */
const OTHER_METHOD = '_OTHER'

/** The parser's own errors; the others are those of the connection. */
const PARSE_ERROR = /^HPE_/
/** The client ended the connection in the middle of a message. */
const CLIENT_LEFT = 'HPE_INVALID_EOF_STATE'
const TIMED_OUT = 'ERR_HTTP_REQUEST_TIMEOUT'

/** Connections that Node reads no more of. While they close it may still find that their time is over. */
const givenUp = new WeakSet<object>()

/** An answer to what never became a request. */
class MalformedExchange extends Exchange {
  readonly request: RequestHead
  readonly protocol = undefined
  readonly outcome = 'completed'
  readonly status: number
  readonly headAt = this.startedAt
  readonly endedAt = this.startedAt
  readonly requestBytes = 0
  readonly responseBytes: number

  constructor(socket: Socket, { status, bodyBytes }: RawAnswer) {
    super(OTHER_METHOD, MALFORMED_PATH)
    this.request = { headers: {}, rawHeaders: [], socket }
    this.status = status
    this.responseBytes = bodyBytes
  }

  interrupt(): void {}
}

/**
 * Sees what Node could not read, or did not get in time. Node or a listener answers past any response: where a
 * request is under way that is its answer, otherwise it makes an event of its own.
 *
 * Called before the listeners of `clientError`.
 */
export function noticeClientError(error: unknown, socket: Connection): void {
  const code = String((error as { code?: unknown } | undefined)?.code)
  if (code !== TIMED_OUT && !PARSE_ERROR.test(code)) return
  // A connection opened and never used: browsers do it, and no request was there.
  if (socket.bytesRead === 0 || givenUp.has(socket)) return
  givenUp.add(socket)
  const { incoming } = (socket.parser ?? {}) as { incoming?: IncomingMessage | null }
  const inBody = !!incoming && !incoming.complete
  if (!inBody) countMalformed()
  if (code === CLIENT_LEFT) return
  const response = socket._httpMessage
  if (response) {
    const exchange = http1ExchangeOf(response)
    if (exchange !== undefined && exchange.headAt === 0) {
      onFirstWrite(socket, (chunk, encoding) => exchange.answered(rawAnswerOf(chunk, encoding)))
    }
  } else if (!inBody) {
    onFirstWrite(socket, (chunk, encoding) => {
      const answer = rawAnswerOf(chunk, encoding)
      if (answer !== undefined) settle(new MalformedExchange(socket, answer))
    })
  }
}
