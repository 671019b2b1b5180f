import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from 'node:http'
import { builtin } from '../builtin.ts'
import { VERSION } from '../version.ts'
import { bodyOf, type Batch } from './batch.ts'
import type { Answer } from './outcome.ts'

/** One deadline over name lookup, connect, TLS, upload and the whole response body. */
const DEADLINE_MS = 5000
const MAX_SOCKETS = 2
/** Nothing in a response body matters; one that is longer is cut off with its connection. */
const MAX_RESPONSE_BYTES = 65_536
/** Both pooled sockets may have gone stale in the same pause; the third attempt has a fresh one. */
const MAX_STALE_SOCKETS = MAX_SOCKETS

type HttpModule = typeof import('node:http')
type HttpsModule = typeof import('node:https')

export interface TransportOptions {
  readonly endpoint: string
  readonly apiKey: string
}

/** Carries batches to the endpoint over kept-alive connections that never keep the process alive. */
export class Transport {
  readonly #module: HttpModule | HttpsModule
  readonly #agent: Agent
  readonly #url: URL
  readonly #headers: Readonly<Record<string, string>>
  readonly #open = new Set<ClientRequest>()

  constructor({ endpoint, apiKey }: TransportOptions) {
    this.#url = new URL(endpoint)
    // Never fetch: its first use costs 36 ms and 13 MB (docs/architecture.md).
    this.#module =
      this.#url.protocol === 'https:' ? builtin<HttpsModule>('node:https') : builtin<HttpModule>('node:http')
    this.#agent = new this.#module.Agent({ keepAlive: true, maxSockets: MAX_SOCKETS })
    this.#headers = {
      'content-type': 'application/json',
      'x-api-key': apiKey,
      'x-peekapi-sdk': `node-auto/${VERSION}`,
      'user-agent': `peekapi-auto/${VERSION}`,
    }
  }

  /** Sends one batch. Resolves with the answer, or with what prevented it; never rejects. */
  async send(batch: Batch): Promise<Answer> {
    const body = Buffer.from(bodyOf(batch))
    const deadline = performance.now() + DEADLINE_MS
    let answer: Answer
    let stale = 0
    do {
      answer = await this.#attempt(batch.id, body, deadline)
    } while ('failure' in answer && isStale(answer.failure) && ++stale <= MAX_STALE_SOCKETS)
    return answer
  }

  /** Ends all connections. Requests under way resolve as failures. */
  close(): void {
    for (const request of this.#open) request.destroy()
    this.#agent.destroy()
  }

  #attempt(id: string, body: Buffer, deadline: number): Promise<Answer> {
    return new Promise((resolve) => {
      let request: ClientRequest
      try {
        request = this.#module.request(this.#url, this.#requestOptions(id, body))
      } catch (fault) {
        resolve({ failure: fault as Error })
        return
      }
      this.#open.add(request)
      const timer = setTimeout(
        () => request.destroy(new DeadlineExceeded()),
        Math.max(0, deadline - performance.now()),
      )
      timer.unref()
      request.on('socket', (socket) => socket.unref())
      request.on('response', (response) => {
        resolve({ status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'] })
        drain(response)
      })
      request.on('error', (failure) => resolve({ failure: asStale(failure, request) }))
      request.on('close', () => {
        clearTimeout(timer)
        this.#open.delete(request)
        resolve({ failure: new Error('connection closed without an answer') })
      })
      request.end(body)
    })
  }

  #requestOptions(id: string, body: Buffer): RequestOptions {
    return {
      method: 'POST',
      agent: this.#agent,
      headers: { ...this.#headers, 'idempotency-key': id, 'content-length': body.byteLength },
    }
  }
}

class DeadlineExceeded extends Error {
  constructor() {
    super(`no answer within ${DEADLINE_MS} ms`)
  }
}

/** A kept-alive connection that the endpoint had closed already: says nothing about the endpoint's health. */
class StaleSocket extends Error {}

function asStale(failure: Error, request: ClientRequest): Error {
  const { code } = failure as NodeJS.ErrnoException
  const reset = code === 'ECONNRESET' || code === 'EPIPE'
  return reset && request.reusedSocket ? new StaleSocket(failure.message, { cause: failure }) : failure
}

function isStale(failure: Error): boolean {
  return failure instanceof StaleSocket
}

/** Reads the body to its end so that the connection can be used again; the request's deadline still holds. */
function drain(response: IncomingMessage): void {
  let bytes = 0
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.byteLength
    if (bytes > MAX_RESPONSE_BYTES) response.destroy()
  })
  // The answer stands already, whatever becomes of its body.
  response.on('error', () => {})
}
