/**
 * What travels to PeekAPI and what a program can ask of the client.
 *
 * This file holds the public types of `@peekapi/auto/client`. It imports nothing,
 * so no type of another package can leak into the public surface.
 */

/** A JSON value, as it may stand in an event's `metadata`. */
export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue }

/**
 * One HTTP exchange: a request that reached a Node server, with its response.
 * The names are those of the ingestion protocol.
 */
export interface ApiEvent {
  /** Request method in upper case, at most 16 characters. */
  method: string
  /** Route template with every mount prefix (`/orgs/:org/users/:id`), or the normalised path. At most 2,048 characters. */
  path: string
  /** Status as sent on the wire; 499 when the client left before any response head was sent. */
  status_code: number
  /** Milliseconds from the parsed request head to the last byte of the response, two decimals. */
  response_time_ms: number
  /** Bytes of request body received. */
  request_size: number
  /** Bytes of response body sent, after compression, without head and chunk framing. */
  response_size: number
  /** Who called, at most 256 characters. */
  consumer_id?: string
  /** When the request arrived: ISO 8601, UTC, milliseconds. */
  timestamp: string
  /** Only keys that say something. */
  metadata?: { [key: string]: JsonValue }
}

/** An event for `track()`: only `method`, `path` and `status_code` are required. */
export type TrackedEvent = Pick<ApiEvent, 'method' | 'path' | 'status_code'> & Partial<ApiEvent>

/** Why an event was given up. */
export type DropReason =
  | 'buffer_full'
  | 'too_large'
  | 'rejected'
  | 'spool_full'
  | 'spool_unavailable'
  | 'corrupt'
  | 'expired'

/**
 * The ledger. For every process, at every moment:
 * `captured = delivered + (sum of dropped) + buffered + inFlight + spooled`.
 */
export interface Stats {
  /** Events recorded by this process. */
  captured: number
  /** Events the endpoint accepted. */
  delivered: number
  /** Events given up, by reason. Each reason is present, 0 when it never happened. */
  dropped: { [reason in DropReason]: number }
  /** Events in memory, waiting for a request to carry them. */
  buffered: number
  /** Events in a request that has not been answered yet. */
  inFlight: number
  /**
   * Events this process put on disk for later, less those it took from there.
   * Below zero in a process that delivers what others left behind.
   */
  spooled: number
  /** Events sent again after an answer or a fault that allows it. */
  retried: number
  /** Requests left out by configuration; never captured. */
  ignored: number
  /** What arrived at a server and could not be read as a request. Captured only if it was answered. */
  malformed: number
}

/** TLS settings for the connection to the endpoint; the names are those of `node:tls`. */
export interface TlsOptions {
  /** Trusted certificate authorities, PEM. */
  ca?: string | Uint8Array | Array<string | Uint8Array>
  /** Client certificate, PEM. */
  cert?: string | Uint8Array
  /** Private key of `cert`, PEM. */
  key?: string | Uint8Array
  /** Name expected in the endpoint's certificate. Default: the endpoint's host name. */
  servername?: string
}

/** Options of {@link PeekApiClient}. Every default is the one of the variable with the same name. */
export interface ClientOptions {
  /** API key. Required. */
  apiKey: string
  /** Ingestion URL. Default `https://ingest.peekapi.dev/v1/events`. */
  endpoint?: string
  /** Milliseconds between flushes. Default 10,000. */
  flushInterval?: number
  /** Events per POST. Default 100. */
  batchSize?: number
  /** Events held in memory. Default 10,000. */
  maxBufferSize?: number
  /** Bytes on disk, over all processes that share the spool. Default 5,242,880. */
  maxStorageBytes?: number
  /** Bytes of one event. Default 65,536. */
  maxEventBytes?: number
  /** Base path of the spool, or `none`. Default: a private directory under the system's temp directory. */
  storagePath?: string
  /** `journal`: events reach the disk within 250 ms. `memory`: only what cannot be delivered does. Default `journal`. */
  durability?: 'journal' | 'memory'
  /** Milliseconds for the last send. Default 2,000. */
  shutdownTimeout?: number
  /** Permit private addresses and plain http. Default false. */
  allowPrivateEndpoint?: boolean
  /** File with an extra certificate authority for the endpoint, PEM. */
  caFile?: string
  /** Diagnostics on stderr. Default false. */
  debug?: boolean
  /** TLS settings for the endpoint. */
  tlsOptions?: TlsOptions
  /** Called for faults in the background; what it throws is swallowed. */
  onError?: (error: Error) => void
}

/** A client of its own, without any instrumentation. */
export interface Client {
  /** Queues an event. Never throws, returns nothing; an unusable event is counted, not reported. */
  track(event: TrackedEvent): void
  /** Sends what is buffered. Resolves when done or when the endpoint does not take it now; never rejects. */
  flush(): Promise<void>
  /** Flushes within `shutdownTimeout`, writes the rest to disk and stops. Never rejects. */
  shutdown(): Promise<void>
  /** The ledger as it stands. */
  stats(): Stats
}

/**
 * Sends events to PeekAPI: buffers, batches, retries, persists.
 *
 * @throws TypeError when an option cannot be used; the message names the option, its value and what is accepted.
 */
export declare const PeekApiClient: new (options: ClientOptions) => Client
export type PeekApiClient = Client
