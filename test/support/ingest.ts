import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import { createServer as createSecureServer, Server as SecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { ApiEvent } from '../../src/types/client.ts'
import type { Identity } from './certificates.ts'
import { until } from './until.ts'

/** One POST as it arrived. */
export interface ReceivedBatch {
  readonly id: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
  readonly events: readonly ApiEvent[]
  /** Monotonic milliseconds. */
  readonly at: number
  readonly status: number
}

/** What the endpoint does with a POST. `status` alone is an answer; the others are the ways not to give one. */
export interface Reply {
  readonly status?: number
  readonly headers?: Record<string, string>
  readonly body?: string
  readonly delayMs?: number
  /** `before`: reset without taking the events. `after`: take them, then reset instead of answering. `never`: do not answer. */
  readonly broken?: 'before' | 'after' | 'never'
}

/** Decides the reply to the n-th POST, counted from 0. */
export type Script = (
  n: number,
  batch: { readonly id: string; readonly events: readonly ApiEvent[]; readonly body: string },
) => Reply

export const UP: Script = () => ({ status: 202 })
export const DOWN: Script = () => ({ status: 503 })

/** A real ingestion endpoint on loopback that records what it is sent and answers by script. */
export class Ingest {
  readonly batches: ReceivedBatch[] = []
  script: Script
  readonly #server: Server | SecureServer
  #requests = 0

  private constructor(script: Script, identity: Identity | undefined) {
    this.script = script
    const take = (request: IncomingMessage, response: ServerResponse): void =>
      void this.#take(request, response)
    this.#server = identity === undefined ? createServer(take) : createSecureServer(identity, take)
  }

  /** @param identity Over TLS, as whoever that is. */
  static async start(
    script: Script = UP,
    port: number = 0,
    host: string = '127.0.0.1',
    identity?: Identity,
  ): Promise<Ingest> {
    const ingest = new Ingest(script, identity)
    await new Promise<void>((resolve, reject) => {
      ingest.#server.once('error', reject).listen(port, host, resolve)
    })
    return ingest
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get url(): string {
    const { address, family, port } = this.#server.address() as AddressInfo
    const scheme = this.#server instanceof SecureServer ? 'https' : 'http'
    return `${scheme}://${family === 'IPv6' ? `[${address}]` : address}:${port}/v1/events`
  }

  /** Shows another certificate to whoever connects from now on. */
  present(identity: Identity): void {
    if (this.#server instanceof SecureServer) this.#server.setSecureContext(identity)
  }

  /** Events of accepted batches, each batch id once: what an endpoint that honours the idempotency key has. */
  get events(): ApiEvent[] {
    const taken = new Map<string, readonly ApiEvent[]>()
    for (const batch of this.batches) {
      if (batch.status >= 200 && batch.status < 300 && !taken.has(batch.id)) taken.set(batch.id, batch.events)
    }
    return [...taken.values()].flat()
  }

  /** Waits until that many events were accepted; fails with what came instead. */
  async waitForEvents(count: number, timeoutMs?: number): Promise<ApiEvent[]> {
    await until(
      () => this.events.length >= count,
      () => `${count} events; got ${JSON.stringify(this.events)}`,
      timeoutMs,
    )
    return this.events
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks).toString()
    const id = String(request.headers['idempotency-key'])
    const events = JSON.parse(body) as ApiEvent[]
    const reply = this.script(this.#requests++, { id, events, body })
    const status = reply.broken === 'after' ? 202 : reply.broken === undefined ? (reply.status ?? 202) : 0
    this.batches.push({ id, headers: request.headers, body, events, at: performance.now(), status })
    if (reply.delayMs !== undefined) await new Promise((resolve) => setTimeout(resolve, reply.delayMs))
    if (reply.broken === 'never') return
    if (reply.broken !== undefined) request.socket.resetAndDestroy()
    else response.writeHead(status, reply.headers).end(reply.body ?? '{}')
  }
}
