import { createServer, type IncomingMessage, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import type { Identity } from '../support/certificates.ts'

/** What an agent posted, decompressed. */
export interface Post {
  readonly path: string
  /** It came to. */
  readonly port: number
  readonly body: Buffer
}

/** Takes what a post says of requests; what is returned is the answer, as JSON. */
export type Receive = (post: Post) => unknown

/** The backend of an agent, on loopback. */
export class Sink {
  readonly #server: Server
  #failure: { readonly error: unknown } | undefined

  private constructor(server: Server) {
    this.#server = server
  }

  static async start(receive: Receive, identity?: Identity): Promise<Sink> {
    const take = async (request: IncomingMessage): Promise<unknown> => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      const body = decompressed(Buffer.concat(chunks), request.headers['content-encoding'])
      return receive({ path: request.url!, port: request.socket.localPort!, body })
    }
    const server = identity === undefined ? createServer() : createSecureServer(identity)
    server.on('request', (request: IncomingMessage, response) => {
      take(request).then(
        (answer) =>
          response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer ?? {})),
        (error: unknown) => {
          sink.#failure ??= { error }
          response.writeHead(500).end()
        },
      )
    })
    const sink = new Sink(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return sink
  }

  /** Agents say nothing of a post that is refused: throws if one could not be read. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

function decompressed(body: Buffer, encoding: string | undefined): Buffer {
  if (body.length === 0) return body
  if (encoding === 'gzip') return gunzipSync(body)
  if (encoding === 'deflate') return inflateSync(body)
  return encoding === 'br' ? brotliDecompressSync(body) : body
}
