import type { ServerResponse } from 'node:http'
import { Guard } from '../guard.ts'
import { wrapMethod } from '../wrap.ts'
import { http1ExchangeOf } from './http1-exchange.ts'
import { byteLength } from './wire.ts'

type Write = (this: ServerResponse, chunk?: unknown, encoding?: unknown, callback?: unknown) => unknown
type Send = (this: ServerResponse) => void

const guard = new Guard('body counting')

/**
 * Counts what passes `write` and `end` of responses. Middleware that compresses replaces both on the response
 * itself and calls these with what it made of them: the bytes on the wire. Results, callbacks and backpressure are
 * those of the original: nothing here touches the arguments.
 */
export function countDownloads(responsePrototype: object): void {
  wrapMethod<Write>(responsePrototype, 'write', countingWrites)
  wrapMethod<Write>(responsePrototype, 'end', countingWrites)
  wrapMethod<Send>(responsePrototype, 'flushHeaders', noticingHeads)
  // A pipelined response gets its connection when the one before it is done, and then sends what it has.
  wrapMethod<Send>(responsePrototype, 'assignSocket', noticingHeads)
}

function countingWrites(write: Write): Write {
  return function (this: ServerResponse, chunk?: unknown, encoding?: unknown): unknown {
    const exchange = http1ExchangeOf(this)
    // Node refuses a write after the end, and one on a destroyed response, without sending it.
    if (exchange === undefined || !guard.active || this.writableEnded || this.destroyed)
      return Reflect.apply(write, this, arguments)
    const waiting = this.chunkedEncoding ? this.writableLength : 0
    // What throws has sent nothing.
    const result = Reflect.apply(write, this, arguments)
    try {
      exchange.wrote(byteLength(chunk, encoding), waiting)
    } catch (fault) {
      guard.fault(fault)
    }
    return result
  }
}

function noticingHeads(send: Send): Send {
  return function (this: ServerResponse): void {
    Reflect.apply(send, this, arguments)
    try {
      http1ExchangeOf(this)?.noticeHead()
    } catch (fault) {
      guard.fault(fault)
    }
  }
}
