import { createServer, type Server, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'

/** A TCP server for answers that no HTTP library would give. */
export class RawServer {
  readonly sockets: Set<Socket> = new Set()
  /** Bytes received, over all connections. */
  received = ''
  connections = 0
  readonly #server: Server

  private constructor(onData: (socket: Socket, data: string) => void) {
    this.#server = createServer((socket) => {
      this.connections++
      this.sockets.add(socket)
      socket.on('data', (chunk) => {
        this.received += chunk.toString('latin1')
        onData(socket, chunk.toString('latin1'))
      })
      socket.on('error', () => {})
      socket.on('close', () => this.sockets.delete(socket))
    })
  }

  static async start(onData: (socket: Socket, data: string) => void): Promise<RawServer> {
    const raw = new RawServer(onData)
    await new Promise<void>((resolve) => raw.#server.listen(0, '127.0.0.1', resolve))
    return raw
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1/events`
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
