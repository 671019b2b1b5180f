import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'

/** For what one side sends behind the end of the other. */
const LAST_WORDS_MS = 200

/** Where connections are passed on to. With `tls` the client speaks in the clear and the server does not. */
export interface Target {
  readonly port: number
  readonly tls?: ConnectionOptions
}

/** Passes connections on to a server and keeps every byte that the server sent. */
export class Relay {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #sent: Buffer[] = []

  private constructor(target: Target) {
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
      const below = connect({ host: '127.0.0.1', port: target.port, allowHalfOpen: true, noDelay: true })
      const server =
        target.tls === undefined ? below : connectTls({ ...target.tls, host: '127.0.0.1', socket: below })
      server.on('data', (bytes: Buffer) => this.#sent.push(bytes))
      this.#follow(client, server, () => below.resetAndDestroy())
      this.#follow(server, client, () => client.resetAndDestroy())
      // Who has left need not hear what the other may still say.
      client.on('end', () => setTimeout(() => below.destroy(), LAST_WORDS_MS))
      below.on('close', () => {
        server.destroy()
        setTimeout(() => client.destroy(), LAST_WORDS_MS)
      })
    })
  }

  static async start(target: Target): Promise<Relay> {
    const relay = new Relay(target)
    await new Promise<void>((resolve) => relay.#server.listen(0, '127.0.0.1', resolve))
    return relay
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** What the server sent since this was asked last, once all connections are closed. */
  take(): Buffer {
    const sent = Buffer.concat(this.#sent)
    this.#sent = []
    return sent
  }

  get idle(): boolean {
    return this.#sockets.size === 0
  }

  /** Cuts what is still open. */
  drop(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  async close(): Promise<void> {
    this.drop()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  /** A side that leaves is followed in its own way: an end by an end, a reset by a reset. */
  #follow(from: Socket, to: Socket, reset: () => void): void {
    this.#sockets.add(from)
    from.on('data', (bytes: Buffer) => {
      if (to.writable && !to.write(bytes)) from.pause()
    })
    to.on('drain', () => from.resume())
    from.on('end', () => to.end())
    from.on('error', reset)
    from.on('close', () => {
      this.#sockets.delete(from)
      to.end()
      to.resume()
    })
  }
}
