import type { IncomingMessage, ServerResponse } from 'node:http'
import { Guard } from '../guard.ts'
import { wrapMethod } from '../wrap.ts'
import { http1ExchangeOf, type Http1Exchange } from './http1-exchange.ts'

type Write = (this: ServerResponse, chunk?: unknown, encoding?: unknown, callback?: unknown) => unknown
type FlushHeaders = (this: ServerResponse) => void
type Push = (this: IncomingMessage, chunk: unknown, encoding?: unknown) => boolean

const guard = new Guard('body counting')

/**
 * Counts what passes `write` and `end` of responses. Middleware that compresses replaces both on the response
 * itself and calls these with what it made of them: the bytes on the wire. Results, callbacks and backpressure are
 * those of the original: nothing here touches the arguments.
 */
export function countDownloads(responsePrototype: object): void {
  wrapMethod<Write>(responsePrototype, 'write', countingWrites)
  wrapMethod<Write>(responsePrototype, 'end', countingWrites)
  wrapMethod<FlushHeaders>(
    responsePrototype,
    'flushHeaders',
    (flushHeaders) =>
      function (this: ServerResponse): void {
        const exchange = http1ExchangeOf(this)
        if (exchange !== undefined && exchange.headAt === 0) exchange.headAt = performance.now()
        return Reflect.apply(flushHeaders, this, arguments)
      },
  )
}

/**
 * Counts what the parser hands to requests, read by the application or not. Responses to the application's own
 * requests have the same prototype, and no exchange.
 */
export function countUploads(requestPrototype: object): void {
  wrapMethod<Push>(
    requestPrototype,
    'push',
    (push) =>
      function (this: IncomingMessage, chunk: unknown): boolean {
        const exchange = http1ExchangeOf(this)
        if (exchange !== undefined && ArrayBuffer.isView(chunk)) exchange.bytesRead += chunk.byteLength
        return Reflect.apply(push, this, arguments)
      },
  )
}

function countingWrites(write: Write): Write {
  return function (this: ServerResponse, chunk?: unknown, encoding?: unknown): unknown {
    const exchange = http1ExchangeOf(this)
    if (exchange !== undefined && guard.active) {
      try {
        count(exchange, this, chunk, encoding)
      } catch (fault) {
        guard.fault(fault)
      }
    }
    return Reflect.apply(write, this, arguments)
  }
}

function count(exchange: Http1Exchange, response: ServerResponse, chunk: unknown, encoding: unknown): void {
  if (exchange.headAt === 0) exchange.headAt = performance.now()
  if (chunk === undefined || chunk === null || typeof chunk === 'function') return
  // Node refuses a write after the end, and one on a destroyed response, without sending it.
  if (response.writableEnded || response.destroyed) return
  exchange.bytesWritten += byteLength(chunk, encoding)
}

function byteLength(chunk: unknown, encoding: unknown): number {
  if (typeof chunk === 'string') {
    return Buffer.byteLength(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8')
  }
  return ArrayBuffer.isView(chunk) ? chunk.byteLength : 0
}
