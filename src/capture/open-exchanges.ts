import { Guard } from '../guard.ts'
import type { Exchange } from './exchange.ts'

/** Where capture hands its results. One for each thread. */
export interface Account {
  /** Takes each exchange once, when it is over. */
  settle(exchange: Exchange): void
  /** Counts what arrived and never became a request. */
  malformed(): void
}

const guard = new Guard('response capture')

let account: Account = { settle: () => {}, malformed: () => {} }
let first: Exchange | undefined

export function accountTo(taker: Account): void {
  account = taker
}

/**
 * Keeps an exchange among those that have no event yet. They are linked through themselves: a Set would cost
 * more than everything else that is done to open one.
 */
export function keepOpen(exchange: Exchange): void {
  exchange.next = first
  if (first !== undefined) first.previous = exchange
  first = exchange
}

/** Makes the event of an exchange, the first time it is called for it. Never throws. */
export function settle(exchange: Exchange): void {
  if (exchange.settled) return
  exchange.settled = true
  const { previous, next } = exchange
  if (previous === undefined) first = next
  else previous.next = next
  if (next !== undefined) next.previous = previous
  // A request that somebody holds on to must not hold others.
  exchange.previous = exchange.next = undefined
  if (!guard.active) return
  try {
    account.settle(exchange)
  } catch (fault) {
    guard.fault(fault)
  }
}

/** The process ends: what is open is over, with what was sent of it. Says how many exchanges that were. */
export function settleOpen(): number {
  let settled = 0
  for (let exchange = first; exchange !== undefined; exchange = first) {
    try {
      exchange.interrupt()
    } catch (fault) {
      guard.fault(fault)
    }
    settle(exchange)
    settled++
  }
  return settled
}

export function countMalformed(): void {
  account.malformed()
}
