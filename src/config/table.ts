import type { Config } from './config.ts'
import { consumerSources } from './consumer-sources.ts'
import {
  boolean,
  bytes,
  duration,
  headerValue,
  integer,
  list,
  oneOf,
  pairs,
  text,
  type Parser,
} from './values.ts'

export interface Variable<T> {
  /** Name in the environment. */
  readonly name: `PEEKAPI_${string}`
  readonly parse: Parser<T>
  readonly fallback: T
  /** The default as the documentation prints it. */
  readonly shown: string
  /** One sentence for the documentation. */
  readonly doc: string
  /** Never quoted in a complaint; with an expression: not if the value matches. */
  readonly secret?: true | RegExp
}

/** 10 min: longer would lose more on a crash than any batching could save. */
const MAX_FLUSH_INTERVAL_MS = 600_000
/** 5 min: beyond this every orchestrator has killed the process. */
const MAX_SHUTDOWN_TIMEOUT_MS = 300_000
/** 1 KiB holds an event of the longest usual path; smaller limits would drop ordinary traffic. */
const MIN_EVENT_BYTES = 1024
const MAX_EVENT_BYTES = 1024 ** 2
const MAX_BATCH_SIZE = 10_000
const MAX_BUFFER_SIZE = 1_000_000
const MIN_STORAGE_BYTES = 65_536
const MAX_STORAGE_BYTES = 1024 ** 4

/** THE table of variables. Code, README and documentation follow it; a test compares them. */
export const table: { readonly [Key in keyof Config]: Variable<Config[Key]> } = {
  apiKey: {
    name: 'PEEKAPI_API_KEY',
    parse: headerValue,
    fallback: undefined,
    shown: 'none',
    doc: 'Required. Without it nothing is captured and one line on stderr says so.',
    secret: true,
  },
  endpoint: {
    name: 'PEEKAPI_ENDPOINT',
    parse: text,
    fallback: 'https://ingest.peekapi.dev/v1/events',
    shown: '`https://ingest.peekapi.dev/v1/events`',
    doc: 'Ingestion URL: https, or http for `localhost`, `127.0.0.1` and `::1`.',
    // Where credentials or a token could stand, also in a URL that does not parse.
    secret: /[@?]/,
  },
  flushInterval: {
    name: 'PEEKAPI_FLUSH_INTERVAL',
    parse: duration(100, MAX_FLUSH_INTERVAL_MS),
    fallback: 10_000,
    shown: '`10`',
    doc: 'Seconds between flushes; units are allowed: `500ms`, `10s`, `1m`.',
  },
  batchSize: {
    name: 'PEEKAPI_BATCH_SIZE',
    parse: integer(1, MAX_BATCH_SIZE),
    fallback: 100,
    shown: '`100`',
    doc: 'Events per POST; reaching it triggers a flush.',
  },
  maxBufferSize: {
    name: 'PEEKAPI_MAX_BUFFER_SIZE',
    parse: integer(1, MAX_BUFFER_SIZE),
    fallback: 10_000,
    shown: '`10000`',
    doc: 'Events held in memory; over it the oldest go to disk, or, without room there, the newest is dropped and counted.',
  },
  maxStorageBytes: {
    name: 'PEEKAPI_MAX_STORAGE_BYTES',
    parse: bytes(MIN_STORAGE_BYTES, MAX_STORAGE_BYTES),
    fallback: 5_242_880,
    shown: '`5242880`',
    doc: 'Bytes on disk for this spool, over all processes that share it; units are allowed: `5MB`, `64KiB`.',
  },
  maxEventBytes: {
    name: 'PEEKAPI_MAX_EVENT_BYTES',
    parse: bytes(MIN_EVENT_BYTES, MAX_EVENT_BYTES),
    fallback: 65_536,
    shown: '`65536`',
    doc: 'Bytes of one event; over it the event loses its metadata, and if still over it is dropped and counted.',
  },
  storagePath: {
    name: 'PEEKAPI_STORAGE_PATH',
    parse: text,
    fallback: undefined,
    shown: 'private directory',
    doc: "Base path of the files that undelivered events go to. Default: a directory of your user's own under the system's temp directory, keyed by endpoint and API key hash. `none` switches the disk off.",
  },
  durability: {
    name: 'PEEKAPI_DURABILITY',
    parse: oneOf('journal', 'memory'),
    fallback: 'journal',
    shown: '`journal`',
    doc: '`journal`: buffered events reach the disk within 250 ms; `memory`: only what cannot be delivered goes to disk.',
  },
  debug: {
    name: 'PEEKAPI_DEBUG',
    parse: boolean,
    fallback: false,
    shown: '`false`',
    doc: 'Diagnostics on stderr.',
  },
  enabled: {
    name: 'PEEKAPI_ENABLED',
    parse: boolean,
    fallback: true,
    shown: '`true`',
    doc: '`false`: nothing is patched, nothing is loaded, nothing is said.',
  },
  collectQueryString: {
    name: 'PEEKAPI_COLLECT_QUERY_STRING',
    parse: boolean,
    fallback: false,
    shown: '`false`',
    doc: 'Append the query to the path, its parameters sorted.',
  },
  consumer: {
    name: 'PEEKAPI_CONSUMER',
    parse: consumerSources,
    fallback: [],
    shown: '`X-API-Key`, else hashed `Authorization`',
    doc: 'Ordered list of consumer sources, the first that yields wins: `header:<name>`, `hash:header:<name>`, `basic:user`, `jwt:<claim>`, `cookie:<name>`, `mtls:cn`, `none`.',
  },
  ignorePaths: {
    name: 'PEEKAPI_IGNORE_PATHS',
    parse: list,
    fallback: [],
    shown: 'none',
    doc: 'Comma list of globs on the raw path: `/health,/internal/*`. `*` stays within a segment, at the end it takes everything below, as `**` does anywhere. Ignored requests are only counted.',
  },
  disabledFrameworks: {
    name: 'PEEKAPI_DISABLED_FRAMEWORKS',
    parse: list,
    fallback: [],
    shown: 'none',
    doc: 'Comma list of frameworks to leave alone; plain http capture stays.',
  },
  normalizePaths: {
    name: 'PEEKAPI_NORMALIZE_PATHS',
    parse: boolean,
    fallback: true,
    shown: '`true`',
    doc: 'Replace id-like segments of paths without a framework route by placeholders.',
  },
  metadata: {
    name: 'PEEKAPI_METADATA',
    parse: pairs,
    fallback: {},
    shown: 'none',
    doc: "`key=value` list added to each event's metadata. `service`, `version` and `environment` come from `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` when those are set and ours are not.",
  },
  shutdownTimeout: {
    name: 'PEEKAPI_SHUTDOWN_TIMEOUT',
    parse: duration(0, MAX_SHUTDOWN_TIMEOUT_MS),
    fallback: 2000,
    shown: '`2`',
    doc: 'Seconds for the last send on SIGTERM, SIGINT, `beforeExit` and `shutdown()`.',
  },
  allowPrivateEndpoint: {
    name: 'PEEKAPI_ALLOW_PRIVATE_ENDPOINT',
    parse: boolean,
    fallback: false,
    shown: '`false`',
    doc: 'Permit private addresses and plain http, for a collector inside the cluster.',
  },
  caFile: {
    name: 'PEEKAPI_CA_FILE',
    parse: text,
    fallback: undefined,
    shown: 'none',
    doc: 'File with an extra certificate authority for the endpoint, PEM; `NODE_EXTRA_CA_CERTS` also works.',
  },
  websockets: {
    name: 'PEEKAPI_WEBSOCKETS',
    parse: oneOf('handshake', 'full'),
    fallback: 'handshake',
    shown: '`handshake`',
    doc: '`handshake`: one event for each request to upgrade, when it is answered; `full`: a second one when the connection ends, with its lifetime and bytes in the metadata.',
  },
  configModule: {
    name: 'PEEKAPI_CONFIG',
    parse: text,
    fallback: undefined,
    shown: 'none',
    doc: 'Path of a module whose default export may hold `identifyConsumer`, `onError`, `enrich` and `redactPath`.',
  },
}
