import type { AsyncLocalStorage } from 'node:async_hooks'
import { builtin } from '../builtin.ts'
import type { Exchange } from './exchange.ts'

type Emit = (this: unknown, event: string, ...args: unknown[]) => boolean

/** The exchange whose handlers are running synchronously now. */
let current: Exchange | undefined

/**
 * Follows an exchange over `await`. AsyncLocalStorage costs up to 5 µs a request on Node 20,
 * so it is switched on by the first use of `setConsumer`: until then the synchronous `current` is enough.
 */
let storage: AsyncLocalStorage<Exchange> | undefined

/** Runs the application's handlers as part of an exchange. */
export function enter(exchange: Exchange, emit: Emit, server: unknown, args: IArguments): boolean {
  const outer = current
  current = exchange
  try {
    if (storage === undefined) return Reflect.apply(emit, server, args)
    return storage.run(exchange, callEmit, emit, server, args)
  } finally {
    current = outer
  }
}

function callEmit(emit: Emit, server: unknown, args: IArguments): boolean {
  return Reflect.apply(emit, server, args)
}

/** The exchange being handled, also after `await` once it has been asked for. */
export function currentExchange(): Exchange | undefined {
  if (storage === undefined) {
    const { AsyncLocalStorage } = builtin<typeof import('node:async_hooks')>('node:async_hooks')
    storage = new AsyncLocalStorage<Exchange>()
  }
  return storage.getStore() ?? current
}
