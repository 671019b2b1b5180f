import type { Exchange } from './exchange.ts'

/**
 * The exchange whose handlers run now, for frameworks that are handed no request. What follows exchanges is built into
 * a file of its own, which may not be loaded yet; the preload connects the two.
 */
let ask: (() => Exchange | undefined) | undefined

export function answerBy(source: () => Exchange | undefined): void {
  ask = source
}

/** Asking makes sure that later requests are followed over their awaits. */
export function exchangeUnderWay(): Exchange | undefined {
  return ask?.()
}
