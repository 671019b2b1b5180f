import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { connect as connectSecurely, createServer as createSecureServer, type TlsOptions } from 'node:tls'
import { reset } from './reset.ts'
import type { Account, Accountant, Departure } from './account.ts'

/** Opens the books of a connection, given the port of its client. */
export type Keep = (port: number) => Accountant

const SOCKET = { allowHalfOpen: true, noDelay: true }

/** One connection through the proxy. */
interface Relay {
  readonly accountant: Accountant
  readonly sockets: readonly [Socket, Socket]
  fault: Error | undefined
}

/**
 * Stands between clients and a server and keeps account of every byte. What it passes on it has counted, and a side
 * that leaves is followed in its own way: a FIN by a FIN, a reset by a reset. After a client's FIN it goes on reading
 * until the server closes: what the server handed to its kernel is then all counted.
 */
export class Proxy {
  readonly #relays: Relay[] = []
  /** Of all clients, from before a TLS handshake on. */
  readonly #connections = new Set<Socket>()
  readonly #server: Server

  private constructor(upstream: number, keep: Keep, tls?: TlsOptions) {
    const target = { port: upstream, host: '127.0.0.1', ...SOCKET }
    const accept = (client: Socket): void => {
      const server =
        tls === undefined
          ? connect(target)
          : connectSecurely({ ...target, ALPNProtocols: tls.ALPNProtocols, rejectUnauthorized: false })
      const relay: Relay = {
        accountant: keep(client.remotePort!),
        sockets: [client, server],
        fault: undefined,
      }
      this.#relays.push(relay)
      this.#relay(client, server, relay)
    }
    this.#server =
      tls === undefined ? createServer(SOCKET, accept) : createSecureServer({ ...SOCKET, ...tls }, accept)
    this.#server.on('connection', (connection: Socket) => {
      this.#connections.add(connection)
      connection.on('close', () => this.#connections.delete(connection))
    })
  }

  /** @param tls Of a proxy that speaks TLS to both sides, and counts what is within. */
  static async start(upstream: number, keep: Keep, tls?: TlsOptions): Promise<Proxy> {
    const proxy = new Proxy(upstream, keep, tls)
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Connections on which something is still to come. */
  get busy(): number {
    return this.#relays.filter(({ accountant: { accounts }, sockets: [client, server] }) => {
      if (client.closed && server.closed) return false
      return !accounts.every(({ requestEnded, responseEnded }) => requestEnded && responseEnded)
    }).length
  }

  /** All accounts so far. Connections that some pool still keeps are cut: what is taken can change no more. */
  take(): Account[] {
    const relays = this.#relays.splice(0)
    for (const { fault, sockets } of relays) {
      for (const socket of sockets) socket.destroy()
      if (fault !== undefined) throw fault
    }
    return relays.flatMap(({ accountant }) => accountant.accounts)
  }

  async close(): Promise<void> {
    this.take()
    for (const connection of this.#connections) connection.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #relay(client: Socket, server: Socket, relay: Relay): void {
    const { accountant } = relay
    const attempt = (account: () => void): void => {
      try {
        account()
      } catch (error) {
        relay.fault ??= error as Error
      }
    }
    this.#follow('client', client, server, accountant, (bytes) => attempt(() => accountant.fromClient(bytes)))
    this.#follow('server', server, client, accountant, (bytes) => attempt(() => accountant.fromServer(bytes)))
  }

  #follow(
    side: Departure['by'],
    from: Socket,
    to: Socket,
    accountant: Accountant,
    count: (bytes: Buffer) => void,
  ): void {
    let ended = false
    from.on('data', (bytes: Buffer) => {
      count(bytes)
      // Nobody to pass it to: read on all the same, it has crossed.
      if (to.writable && !to.write(bytes)) from.pause()
    })
    to.on('drain', () => from.resume())
    to.on('close', () => from.resume())
    from.on('end', () => {
      ended = true
      accountant.gone(side, false)
      to.end()
    })
    from.on('error', () => {
      accountant.gone(side, true)
      // Who has said goodbye may well be deaf: the other side is still heard to its end.
      if (!ended) reset(to)
    })
  }
}
