import type { IncomingMessage } from 'node:http'
import { cut } from '../limits.ts'
import { exchangeOf, type Exchange } from './exchange.ts'

/** Clients choose these names, and may send many in a batch; long ones say nothing that their beginning does not. */
export const MAX_OPERATION_CHARACTERS = 256

/** Tells what a request did behind its route: a GraphQL operation, a procedure. Several of one batch are listed. */
export function addOperation(request: IncomingMessage, name: string): void {
  const exchange = exchangeOf(request)
  if (exchange !== undefined) addOperationTo(exchange, name)
}

export function addOperationTo(exchange: Exchange, name: string): void {
  const { operation } = exchange
  exchange.operation = cut(operation === undefined ? name : `${operation},${name}`, MAX_OPERATION_CHARACTERS)
}
