/** The public surface of `@peekapi/auto`: one client, shared with the preload. */
import type { Stats, TrackedEvent } from './client.ts'

export * from './client.ts'

/** Queues an event on the shared client. Never throws; without `PEEKAPI_API_KEY` it does nothing. */
export declare function track(event: TrackedEvent): void

/** Sends what the shared client holds. Resolves when done or when the endpoint does not take it now. */
export declare function flush(): Promise<void>

/** Flushes within `PEEKAPI_SHUTDOWN_TIMEOUT`, writes the rest to disk and stops the shared client. */
export declare function shutdown(): Promise<void>

/**
 * Names the consumer of the request that is being handled.
 * Outside of a request it does nothing.
 *
 * @param id At most 256 characters; longer ones are cut.
 */
export declare function setConsumer(id: string): void

/** The ledger of the shared client. All zero without `PEEKAPI_API_KEY`. */
export declare function stats(): Stats
