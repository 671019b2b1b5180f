import { builtin } from './builtin.ts'
import { currentExchange } from './capture/current.ts'
import type { Exchange, Recognize } from './capture/exchange.ts'
import { Hooks } from './capture/hooks.ts'
import { settleOpen } from './capture/open-exchanges.ts'
import { recordingBy, type Recording } from './capture/recording.ts'
import { captureHttp2, http2PrototypeOf, http2Prototypes } from './capture/http2.ts'
import { captureMessages, captureServers } from './capture/server.ts'
import { configModule } from './config/module.ts'
import { parseEnvironment } from './config/parse.ts'
import { DeliveryClient } from './delivery/client.ts'
import { watchProcessEnd } from './delivery/shutdown.ts'
import { setDebug, warnOnce } from './log.ts'
import { inertSurface } from './surface.ts'
import type { Client } from './types/client.ts'

/** What runs once a process turns out to serve, or asks for the client. */
export interface Runtime {
  readonly client: Client
  /** Captures what a server answers from now on. Anything that is no HTTP server is left alone. */
  capture(server: unknown): void
  /** Captures what servers of HTTP/2 answer that never listen. To be called when there is a stream. */
  captureStreams(): void
  setConsumer(id: string): void
  /** The exchange being handled, also after `await`. */
  currentExchange(): Exchange | undefined
}

/** Under PEEKAPI_DEBUG. */
const LEDGER_EVERY_MS = 60_000

/** Nowhere to send events to, so none is made. */
const inert: Runtime = {
  client: inertSurface,
  capture: () => {},
  captureStreams: () => {},
  setConsumer: () => {},
  currentExchange: () => undefined,
}

export function startRuntime(environment: NodeJS.ProcessEnv, recognizers: readonly Recognize[]): Runtime {
  const { config, complaints, usable } = parseEnvironment(environment)
  setDebug(config.debug)
  for (const complaint of complaints) warnOnce(complaint, complaint)
  if (!usable) return inert
  const hooks = new Hooks(configModule)
  const client = new DeliveryClient({
    ...config,
    apiKey: config.apiKey ?? '',
    environment,
    onError: (error) => hooks.onError(error),
  })
  client.start()
  watchProcessEnd(client, settleOpen)
  if (config.debug) setInterval(() => client.reportLedger(), LEDGER_EVERY_MS).unref()
  let recording: Recording | undefined
  const recorded = (): Recording => (recording ??= recordingBy(config, hooks, client, recognizers))
  return {
    client,
    capture: (server) => captureHttp(server, recorded()),
    captureStreams: () => {
      captureMessages(builtin<typeof import('node:http')>('node:http').ServerResponse.prototype, recorded())
      for (const prototype of http2Prototypes()) captureHttp2(prototype, recorded())
    },
    setConsumer: (id) => {
      const exchange = currentExchange()
      if (exchange !== undefined) exchange.consumer = id
    },
    currentExchange,
  }
}

/** `https.Server` does not inherit from `http.Server`; both speak in the same messages, and so may servers of HTTP/2. */
function captureHttp(server: unknown, recording: Recording): void {
  const http = builtin<typeof import('node:http')>('node:http')
  const response = http.ServerResponse.prototype
  if (server instanceof http.Server)
    return captureServers({ server: http.Server.prototype, response }, recording)
  const https = builtin<typeof import('node:https')>('node:https')
  if (server instanceof https.Server)
    return captureServers({ server: https.Server.prototype, response }, recording)
  const http2Server = http2PrototypeOf(server)
  if (http2Server === undefined) return
  captureMessages(response, recording)
  captureHttp2(http2Server, recording)
}
