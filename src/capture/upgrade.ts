import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { attach, Exchange, exchangeOf, type Outcome } from './exchange.ts'
import { settle } from './open-exchanges.ts'
import { RawHead } from './raw-head.ts'
import type { Admits, Open, Openers } from './server.ts'
import { UpgradedConnection } from './upgraded-connection.ts'
import { BROKEN_OFF, CLIENT_CLOSED_REQUEST } from './wire.ts'
import { onWrites } from './writes.ts'

const SWITCHING_PROTOCOLS = 101

/**
 * A request to leave HTTP, by `Upgrade` or CONNECT, with what the application writes to the connection as its answer:
 * there is no response object. Over when the answer is there: what lives on behind it is no request.
 */
export class UpgradeExchange extends Exchange {
  readonly request: IncomingMessage
  readonly protocol: 'websocket' | undefined
  status: number = CLIENT_CLOSED_REQUEST
  outcome: Outcome = 'aborted'
  headAt = 0
  endedAt = 0
  readonly requestBytes = 0
  /** Of a refusal: what is written behind its head, which closes the connection. */
  responseBytes = 0
  readonly #socket: Socket
  readonly #head = new RawHead()
  readonly #received: number
  readonly #sent: number
  readonly #follows: boolean
  readonly #restore: () => void
  #decided = false
  #connection: UpgradedConnection | undefined = undefined

  /**
   * @param early What the client sent right behind its request.
   * @param follows Whether the connection's end is an event too.
   */
  constructor(request: IncomingMessage, socket: Socket, early: number, follows: boolean) {
    super(request.method ?? '', request.url ?? '')
    this.request = request
    this.protocol = request.headers.upgrade?.toLowerCase() === 'websocket' ? 'websocket' : undefined
    this.#socket = socket
    this.#received = socket.bytesRead - early
    this.#sent = socket.bytesWritten
    this.#follows = follows
    this.#restore = onWrites(socket, (chunk, encoding, ends) => this.#wrote(chunk, encoding, ends))
  }

  #wrote(chunk: unknown, encoding: unknown, ends: boolean): void {
    if (this.#decided) return
    const head = this.#head
    head.take(chunk, encoding)
    this.endedAt = performance.now()
    if (this.headAt === 0 && head.status !== undefined) this.headAt = this.endedAt
    if (head.complete && this.#isAccepted()) this.#decide('upgraded')
    else if (ends && head.status !== undefined) this.#decide('completed')
    // Programs hang up on a client that has: it left first.
    else if (ends) this.#decide(this.#socket.readableEnded ? 'aborted' : 'error')
  }

  #isAccepted(): boolean {
    const { status = 0 } = this.#head
    return this.method === 'CONNECT' ? status >= 200 && status < 300 : status === SWITCHING_PROTOCOLS
  }

  /** The connection is about to be destroyed. */
  close(clientLeft: boolean): void {
    this.#connection?.close()
    if (this.#decided) return
    // A refusal is often written and the connection destroyed at once.
    if (this.#head.status !== undefined) return this.#decide('completed')
    this.endedAt = performance.now()
    this.#decide(clientLeft ? 'aborted' : 'error')
  }

  interrupt(): void {
    if (!this.#decided) {
      this.endedAt = performance.now()
      this.#decide('error')
    }
  }

  #decide(outcome: Outcome): void {
    this.#decided = true
    this.#restore()
    this.outcome = outcome
    const { status, bodyBytes, bytes } = this.#head
    this.status = status ?? (outcome === 'aborted' ? CLIENT_CLOSED_REQUEST : BROKEN_OFF)
    if (outcome !== 'upgraded') {
      this.responseBytes = bodyBytes
    } else if (this.#follows) {
      const socket = this.#socket
      this.#connection = new UpgradedConnection(this, () => ({
        received: socket.bytesRead - this.#received,
        sent: socket.bytesWritten - this.#sent - bytes,
      }))
    }
    // Handlers that are told of the connection right behind the answer may still name the consumer.
    process.nextTick(settle, this)
  }
}

/** @param follows Whether the ends of upgraded connections are events too. */
export function upgradeOpeners(admits: Admits, follows: boolean): Openers {
  const open: Open = (message, connection, early) => {
    const request = message as IncomingMessage
    const known = exchangeOf(request)
    if (known !== undefined || !admits(request)) return known
    const socket = connection as Socket
    const exchange = new UpgradeExchange(
      request,
      socket,
      (early as Buffer | undefined)?.byteLength ?? 0,
      follows,
    )
    attach(exchange, request)
    attach(exchange, socket)
    return exchange
  }
  return { upgrade: open, connect: open }
}
