import { Guard } from '../guard.ts'
import { http1ExchangeOf } from './http1-exchange.ts'
import { settle } from './open-exchanges.ts'
import type { Connection } from './wire.ts'

type Callback = (this: Parser, chunk?: { readonly byteLength: number }) => unknown

/** Node's parser: its callbacks are properties whose names are the numbers that its class tells. */
interface Parser {
  readonly incoming?: object | null
  readonly constructor: { readonly kOnBody?: number; readonly kOnMessageComplete?: number }
  [callback: number]: Callback | undefined
}

const guard = new Guard('body counting')

/** Replaced once for each parser, of which Node keeps a pool. */
let onBody: Callback | undefined
let onMessageComplete: Callback | undefined

/**
 * Counts the body of a request where the parser hands it over: what the application never reads, and what Node
 * throws away, came over the wire too.
 */
export function countUploads(connection: Connection | undefined): void {
  const parser = connection?.parser as Parser | null | undefined
  const key = parser?.constructor.kOnBody
  if (!parser || key === undefined) return
  onBody ??= parser[key]
  // Somebody else was here first; theirs is not the function that ours would call.
  if (onBody !== undefined && parser[key] === onBody) parser[key] = countBody
}

function countBody(this: Parser, chunk?: { readonly byteLength: number }): unknown {
  try {
    const exchange = this.incoming ? http1ExchangeOf(this.incoming) : undefined
    if (exchange !== undefined && chunk !== undefined) exchange.requestBytes += chunk.byteLength
  } catch (fault) {
    guard.fault(fault)
  }
  return Reflect.apply(onBody!, this, arguments)
}

/**
 * The rest of a body that was answered early is still to come: its exchange settles when it is there.
 * Says whether that will be noticed.
 */
export function settleWithUpload(connection: Connection): boolean {
  const parser = connection.parser as Parser | null | undefined
  const key = parser?.constructor.kOnMessageComplete
  if (!parser || key === undefined) return false
  onMessageComplete ??= parser[key]
  if (parser[key] === onMessageComplete) parser[key] = completeMessage
  return parser[key] === completeMessage
}

function completeMessage(this: Parser): unknown {
  const result = Reflect.apply(onMessageComplete!, this, arguments)
  try {
    settleAnswered(this.incoming)
  } catch (fault) {
    guard.fault(fault)
  }
  return result
}

/** Settles the exchange of a request whose response is over. */
export function settleAnswered(incoming: object | null | undefined): void {
  const exchange = incoming ? http1ExchangeOf(incoming) : undefined
  if (exchange?.closed === true) settle(exchange)
}
