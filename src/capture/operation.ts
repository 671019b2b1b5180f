import type { IncomingMessage } from 'node:http'
import { cut } from '../limits.ts'
import { exchangeOf, type Exchange } from './exchange.ts'

/** Clients choose these names, and may send many in a batch; long ones say nothing that their beginning does not. */
export const MAX_OPERATION_CHARACTERS = 256

/** Tells what a request did behind its route: a GraphQL operation, a procedure. Several of one batch are listed. */
export function addOperation(request: IncomingMessage, name: string, source?: object): void {
  const exchange = exchangeOf(request)
  if (exchange !== undefined) addOperationTo(exchange, name, source)
}

const told = new WeakMap<Exchange, WeakSet<object>>()

/** @param source What the operation is read from: one that is told of by several layers is listed once. */
export function addOperationTo(exchange: Exchange, name: string, source?: object): void {
  if (source !== undefined) {
    let sources = told.get(exchange)
    if (sources === undefined) told.set(exchange, (sources = new WeakSet()))
    if (sources.has(source)) return
    sources.add(source)
  }
  const { operation } = exchange
  exchange.operation = cut(operation === undefined ? name : `${operation},${name}`, MAX_OPERATION_CHARACTERS)
}
