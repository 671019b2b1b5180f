import { createServer, type Server } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { TlsOptions } from 'node:tls'
import type { Identity } from './certificates.ts'

/** An endpoint over TLS that takes everything, and tells what came with which connection. */
export class TlsIngest {
  readonly requests: Array<{
    readonly path: string
    readonly host: string | undefined
    readonly id: unknown
  }> = []
  readonly servernames: Array<string | false | null> = []
  connections = 0
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(identity: Identity & TlsOptions) {
    this.#server = createServer(identity, (request, response) => {
      const { url, headers } = request
      request.resume().on('end', () => {
        this.requests.push({ path: url!, host: headers.host, id: headers['idempotency-key'] })
        response.writeHead(202).end('{}')
      })
    })
    this.#server.on('connection', (socket: Socket) => {
      this.connections++
      this.#sockets.add(socket)
    })
    this.#server.on('secureConnection', (socket) => this.servernames.push(socket.servername ?? null))
    this.#server.on('tlsClientError', () => {})
  }

  static async start(identity: Identity & TlsOptions): Promise<TlsIngest> {
    const ingest = new TlsIngest(identity)
    await new Promise<void>((resolve) => ingest.#server.listen(0, '127.0.0.1', resolve))
    return ingest
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
