/** The public surface of `@peekapi/auto`: one client, shared with the preload. */
import type { ApiEvent, JsonValue, Stats, TrackedEvent } from './client.ts'

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

/** A request as the functions of the configuration module see it. */
export interface RequestView {
  /** Names in lower case, as in Node's `request.headers`. */
  readonly headers: { readonly [name: string]: string | string[] | undefined }
  readonly method: string
  /** As it came, without the query. */
  readonly path: string
  /** The connection: a `net.Socket` or `tls.TLSSocket`. */
  readonly socket: object
}

/**
 * Default export of the module that PEEKAPI_CONFIG names. Every function is called synchronously when an exchange is over;
 * what it throws never reaches the application, and is said once on stderr.
 */
export interface ConfigModule {
  /** Who made the request. Nothing, an empty string or anything but a string: PEEKAPI_CONSUMER and the default decide. */
  identifyConsumer?(request: RequestView): string | null | undefined
  /** Told of faults in the background, such as an endpoint that does not answer. */
  onError?(error: Error): void
  /** Metadata to add to the event; it wins over what is there under the same name. The event itself is frozen. */
  enrich?(event: Readonly<ApiEvent>, request: RequestView): { [key: string]: JsonValue } | null | undefined
  /** The path to report instead, of routes too. If it fails or gives no string, the event says `(redaction failed)`. */
  redactPath?(path: string): string
}
