import type { ClientRequest, IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { warnOnce } from '../log.ts'
import { RefusedAddress } from './connect.ts'
import type { Answer } from './outcome.ts'
import { unref } from './socket.ts'
import { ProxyRefusal } from './tunnel.ts'

/** Nothing in a response body matters; one that is longer is cut off with its connection. */
const MAX_RESPONSE_BYTES = 65_536
/**
 * Of the deadline, for the body after the head: half a second by default. Later than that it is not worth
 * the socket that the next batch may be waiting for.
 */
const DRAIN_SHARE = 0.1
/** An endpoint may send a hint or two ahead of its answer (RFC 9110, section 15.2); Node counts none. */
const MAX_INFORMATIONAL_RESPONSES = 10

/** Ends an exchange early; it resolves with the reason as its failure if it has no answer yet. */
export type Abandon = (reason: Error) => void

/** Over all attempts of one batch. */
export interface Deadline {
  readonly ms: number
  /** Monotonic milliseconds. */
  readonly at: number
}

function leftOf({ at }: Deadline): number {
  return Math.max(0, at - performance.now())
}

export interface ExchangeOptions {
  /** Makes the request; the signal says that nobody waits for its connection any more. */
  readonly open: (abandoned: AbortSignal) => ClientRequest
  readonly body: Uint8Array
  readonly deadline: Deadline
  /** Holds this exchange until its connection is free again, which may be after its answer. */
  readonly running: Set<Abandon>
}

/** One request, and whatever comes instead of a response. Never rejects. */
export function exchange({ open, body, deadline, running }: ExchangeOptions): Promise<Answer> {
  return new Promise((resolve) => {
    const controller = new AbortController()
    let request: ClientRequest
    try {
      request = open(controller.signal)
    } catch (fault) {
      resolve({ failure: fault as Error })
      return
    }
    const abandon: Abandon = (reason) => {
      controller.abort()
      request.destroy(reason)
      // A request that waits for its connection does not tell that it is destroyed.
      over({ failure: reason })
    }
    const expire = (): void => abandon(new Error(`no answer within ${deadline.ms} ms`))
    let timer = setTimeout(expire, leftOf(deadline)).unref()
    running.add(abandon)
    const over = (answer: Answer): void => {
      clearTimeout(timer)
      running.delete(abandon)
      resolve(answer)
    }
    request.on('socket', unref)
    request.on('response', (response) => {
      clearTimeout(timer)
      timer = setTimeout(
        () => request.destroy(),
        Math.min(deadline.ms * DRAIN_SHARE, leftOf(deadline)),
      ).unref()
      resolve({ status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'] })
      drain(response)
    })
    limitInformation(request, abandon)
    request.on('upgrade', (response, socket) => {
      socket.destroy()
      over({ failure: new Error(`unexpected answer ${response.statusCode}: no upgrade was asked for`) })
    })
    request.on('error', (fault) => resolve(answerFor(fault, request)))
    request.on('close', () => over({ failure: new Error('connection closed without an answer') }))
    request.end(body)
  })
}

/** Reads the body to its end so that the connection can be used again. */
function drain(response: IncomingMessage): void {
  let bytes = 0
  response.on('data', (chunk: Uint8Array) => {
    bytes += chunk.byteLength
    if (bytes > MAX_RESPONSE_BYTES) response.destroy()
  })
  // The answer stands already, whatever becomes of its body.
  response.on('error', () => {})
}

function limitInformation(request: ClientRequest, abandon: Abandon): void {
  let count = 0
  request.on('information', () => {
    if (++count > MAX_INFORMATIONAL_RESPONSES)
      abandon(new Error(`more than ${MAX_INFORMATIONAL_RESPONSES} informational responses without an answer`))
  })
}

function answerFor(fault: Error, request: ClientRequest): Answer {
  if (fault instanceof RefusedAddress || fault instanceof ProxyRefusal) return { refused: fault.message }
  const { code } = fault as NodeJS.ErrnoException
  if (request.reusedSocket && (code === 'ECONNRESET' || code === 'EPIPE'))
    return { failure: new StaleSocket(fault.message, { cause: fault }) }
  if ((request.socket as TLSSocket | null)?.authorizationError) warnOfCertificate(fault)
  return { failure: fault }
}

/** A certificate does not heal by itself, and only a person can tell a forgery from a missing authority. */
function warnOfCertificate(fault: NodeJS.ErrnoException): void {
  warnOnce(
    'certificate',
    `the endpoint's certificate is not accepted (${fault.code ?? 'no code'}: ${fault.message}); events are kept and tried again. An authority of your own belongs in PEEKAPI_CA_FILE`,
  )
}

/** A kept-alive connection that the endpoint had closed already: says nothing about the endpoint's health. */
class StaleSocket extends Error {}

export function isStale(answer: Answer): boolean {
  return 'failure' in answer && answer.failure instanceof StaleSocket
}
