import type { JsonValue } from '../types/client.ts'
import { Exchange, type RequestHead } from './exchange.ts'
import { settle } from './open-exchanges.ts'

/** Bytes that crossed a connection behind its handshake. */
export interface Crossed {
  readonly received: number
  readonly sent: number
}

/**
 * What an upgraded connection was good for, as an event of its own when it ends. Its life is no latency and its
 * bytes are no body: they stand in the metadata, and duration and sizes stay those of the handshake.
 */
export class UpgradedConnection extends Exchange {
  readonly request: RequestHead
  readonly protocol: string | undefined
  readonly status: number
  readonly outcome = 'closed'
  readonly headAt = 0
  readonly endedAt: number
  readonly requestBytes = 0
  readonly responseBytes = 0
  override details: Readonly<Record<string, JsonValue>> | undefined = undefined
  readonly #handshake: Exchange
  readonly #crossed: () => Crossed

  constructor(handshake: Exchange, crossed: () => Crossed) {
    super(handshake.method, handshake.url)
    this.request = handshake.request
    this.protocol = handshake.protocol
    this.status = handshake.status
    this.endedAt = this.startedAt + handshake.endedAt - handshake.startedAt
    this.#handshake = handshake
    this.#crossed = crossed
  }

  /** The connection is about to be destroyed. */
  close(): void {
    this.interrupt()
    settle(this)
  }

  interrupt(): void {
    const { received, sent } = this.#crossed()
    // What the application told of the handshake is true of the connection.
    this.route = this.#handshake.route
    this.consumer = this.#handshake.consumer
    this.details = {
      connection_ms: Math.round(performance.now() - this.startedAt),
      bytes_received: received,
      bytes_sent: sent,
    }
  }
}
