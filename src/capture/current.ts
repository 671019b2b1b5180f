import type { AsyncLocalStorage } from 'node:async_hooks'
import { builtin } from '../builtin.ts'
import type { Exchange } from './exchange.ts'

type Emit = (this: unknown, event: string, ...args: unknown[]) => boolean

/**
 * Where AsyncLocalStorage is built on async_hooks (before Node 24) it costs up to 5 µs a request. There the first
 * requests are followed, and if none of them calls `setConsumer`, no more are until one does. That later first call is
 * found only if it comes before the handler's first `await`, and so are those of other requests under way in that moment.
 */
const PROBATION_REQUESTS = 1000

/**
 * Releases of 20 and 22 from which on a stack overflow can be caught while async_hooks are active. Before them
 * (CVE-2025-59466) it ends the process, so there nothing is followed before the application asks.
 */
const SAFE_MINOR: Readonly<Record<number, number>> = { 20: 20, 22: 22 }

/** The exchange whose handlers are running synchronously now. */
let current: Exchange | undefined

/** Follows an exchange over `await`. Undefined while it is not worth its cost. */
let storage: AsyncLocalStorage<Exchange> | undefined
let probation = Number.POSITIVE_INFINITY

/** Called once, before the first request. */
export function startFollowing(): void {
  const found = newStorage()
  // The implementation on async_hooks shows this method; the one on V8's own context costs nothing that can be measured.
  if ('_enable' in found) {
    const [major, minor] = process.versions.node.split('.').map(Number) as [number, number]
    if (minor < (SAFE_MINOR[major] ?? 0)) return
    probation = PROBATION_REQUESTS
  }
  storage = found
}

/** Runs the application's handlers as part of an exchange. */
export function enter(exchange: Exchange, emit: Emit, server: unknown, args: IArguments): boolean {
  const outer = current
  current = exchange
  try {
    const following = stillFollowing()
    if (following === undefined) return Reflect.apply(emit, server, args)
    return following.run(exchange, callEmit, emit, server, args)
  } finally {
    current = outer
  }
}

function callEmit(emit: Emit, server: unknown, args: IArguments): boolean {
  return Reflect.apply(emit, server, args)
}

/** The exchange being handled, also after `await`. Asking makes sure that later ones are followed. */
export function currentExchange(): Exchange | undefined {
  probation = Number.POSITIVE_INFINITY
  storage ??= newStorage()
  return storage.getStore() ?? current
}

function stillFollowing(): AsyncLocalStorage<Exchange> | undefined {
  if (storage !== undefined && --probation < 0) {
    storage.disable()
    storage = undefined
  }
  return storage
}

function newStorage(): AsyncLocalStorage<Exchange> {
  const { AsyncLocalStorage } = builtin<typeof import('node:async_hooks')>('node:async_hooks')
  return new AsyncLocalStorage<Exchange>()
}
