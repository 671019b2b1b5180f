import type { ServerResponse } from 'node:http'
import shimmer from 'shimmer'
import { Guard } from '../guard.ts'
import { exchangeOf, type Exchange } from './exchange.ts'

type Write = (this: ServerResponse, chunk?: unknown, encoding?: unknown, callback?: unknown) => unknown

const guard = new Guard('body counting')
const counted = new WeakSet<object>()

/**
 * Counts what passes `write` and `end` of every response with this prototype. Middleware that compresses
 * replaces both on the response itself and calls these with what it made of them: the bytes on the wire.
 * Results, callbacks and backpressure are those of the original: nothing here touches the arguments.
 */
export function countBodies(responsePrototype: object): void {
  if (counted.has(responsePrototype)) return
  counted.add(responsePrototype)
  const prototype = responsePrototype as { write: Write; end: Write; flushHeaders: () => void }
  shimmer.wrap(prototype, 'write', countingChunks)
  shimmer.wrap(prototype, 'end', countingChunks)
  shimmer.wrap(
    prototype,
    'flushHeaders',
    (flushHeaders) =>
      function (this: ServerResponse): void {
        const exchange = exchangeOf(this)
        if (exchange !== undefined && exchange.headAt === 0) exchange.headAt = performance.now()
        return Reflect.apply(flushHeaders, this, arguments)
      },
  )
}

function countingChunks(original: Write): Write {
  return function (this: ServerResponse, chunk?: unknown, encoding?: unknown): unknown {
    const exchange = exchangeOf(this)
    if (exchange !== undefined && guard.active) {
      try {
        count(exchange, this, chunk, encoding)
      } catch (fault) {
        guard.fault(fault)
      }
    }
    return Reflect.apply(original, this, arguments)
  }
}

function count(exchange: Exchange, response: ServerResponse, chunk: unknown, encoding: unknown): void {
  if (exchange.headAt === 0) exchange.headAt = performance.now()
  if (chunk === undefined || chunk === null || typeof chunk === 'function') return
  // Node refuses a write after the end, and one on a destroyed response, without sending it.
  if (response.writableEnded || response.destroyed) return
  exchange.responseBytes += byteLength(chunk, encoding)
}

function byteLength(chunk: unknown, encoding: unknown): number {
  if (typeof chunk === 'string') {
    return Buffer.byteLength(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8')
  }
  return ArrayBuffer.isView(chunk) ? chunk.byteLength : 0
}
