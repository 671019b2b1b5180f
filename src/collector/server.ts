import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setImmediate, setTimeout } from 'node:timers/promises'
import type { ApiEvent } from '../types/client.ts'
import { readBatch, Refusal } from './ingest.ts'
import type { Store } from './store.ts'

const HOST = '127.0.0.1'
/** How often `settled` looks whether the last connection is gone. */
const SETTLE_POLL_MS = 10
/** Turns of the event loop without a connection: the kernel may still hold one that was not accepted yet. */
const QUIET_TURNS = 3

export interface CollectorOptions {
  readonly store: Store
  /** Told of each event once, in the order of arrival. */
  readonly onEvents?: (events: readonly ApiEvent[]) => void
  /** Default: a free one. */
  readonly port?: number
}

/** The other end of the ingestion protocol, on loopback only. */
export class Collector {
  readonly #server: Server
  readonly #store: Store
  readonly #onEvents: (events: readonly ApiEvent[]) => void
  #connections = 0
  #answering = 0

  private constructor({ store, onEvents }: CollectorOptions) {
    this.#store = store
    this.#onEvents = onEvents ?? (() => {})
    this.#server = createServer((request, response) => void this.#answer(request, response))
    this.#server.on('connection', (socket) => {
      this.#connections++
      socket.on('close', () => this.#connections--)
    })
  }

  /** @throws Error as `net.Server` emits it when it cannot listen. */
  static async listen(options: CollectorOptions): Promise<Collector> {
    const collector = new Collector(options)
    collector.#server.listen(options.port ?? 0, HOST)
    await once(collector.#server, 'listening')
    return collector
  }

  /** Where clients send their events. */
  get endpoint(): string {
    return `http://${HOST}:${(this.#server.address() as AddressInfo).port}/v1/events`
  }

  /**
   * Resolves when every client has hung up: then all they sent has been read, also what the kernel held when
   * they died. After `timeoutMs` it does not wait any longer for clients that stay.
   */
  async settled(timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs
    let quiet = 0
    while (quiet < QUIET_TURNS && performance.now() < deadline) {
      await (this.#busy ? setTimeout(SETTLE_POLL_MS) : setImmediate())
      quiet = this.#busy ? 0 : quiet + 1
    }
  }

  get #busy(): boolean {
    return this.#connections > 0 || this.#answering > 0
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
    await this.#store.close()
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#answering++
    try {
      const batch = await readBatch(request)
      const isNew = await this.#store.add(batch)
      if (isNew) this.#onEvents(batch.events)
      // A batch that was taken before gets the same answer again: that is what the key is for.
      send(response, 202, { accepted: batch.events.length })
    } catch (error) {
      refuse(response, error)
    } finally {
      this.#answering--
    }
  }
}

function refuse(response: ServerResponse, error: unknown): void {
  if (!(error instanceof Refusal)) {
    send(response, 500, { error: 'the collector failed; the batch was not taken' })
    return
  }
  const { status, message, headers, events } = error
  send(response, status, { error: message, ...(events === undefined ? {} : { events }) }, headers)
}

function send(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  const text = JSON.stringify(body)
  response
    .writeHead(status, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
      ...headers,
    })
    .end(text)
}
