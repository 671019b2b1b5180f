import { createServer, request, type IncomingHttpHeaders, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { connect, type AddressInfo, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Identity } from './certificates.ts'

export interface ProxiedRequest {
  readonly method: string
  /** As in the request line: `host:port` for CONNECT, the whole URL otherwise. */
  readonly target: string
  readonly headers: IncomingHttpHeaders
}

/** A real forward proxy on loopback. Every name leads to 127.0.0.1, as only a proxy can have it. */
export class ProxyServer {
  readonly requests: ProxiedRequest[] = []
  readonly sockets: Set<Duplex> = new Set()
  /** What CONNECT is answered with instead of a tunnel: a status, or nothing at all. */
  refuse: number | 'silence' | undefined
  readonly #server: Server
  readonly #scheme: 'http' | 'https'

  private constructor(identity: Identity | undefined) {
    this.#scheme = identity === undefined ? 'http' : 'https'
    this.#server = identity === undefined ? createServer() : createTlsServer(identity)
    this.#server.on('connection', (socket: Socket) => {
      this.sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => this.sockets.delete(socket))
    })
    this.#server.on('connect', ({ method, url, headers }, socket: Duplex) => {
      this.requests.push({ method: method!, target: url!, headers })
      this.#tunnel(url!, socket)
    })
    this.#server.on('request', (incoming, response) => {
      const { method, url, headers } = incoming
      this.requests.push({ method: method!, target: url!, headers })
      const { port, pathname, search } = new URL(url!)
      const { 'proxy-authorization': _, ...forwarded } = headers
      const onward = request(
        { host: '127.0.0.1', port, path: pathname + search, method, headers: forwarded },
        (answer) => answer.pipe(response.writeHead(answer.statusCode!, answer.headers)),
      )
      onward.on('error', () => response.writeHead(502).end())
      incoming.pipe(onward)
    })
  }

  /** @param identity With one, the proxy itself is reached over TLS. */
  static async start(identity?: Identity): Promise<ProxyServer> {
    const proxy = new ProxyServer(identity)
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  get url(): string {
    return `${this.#scheme}://${this.host}`
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #tunnel(target: string, socket: Duplex): void {
    // Still read from, or its end would go unnoticed; a server's sockets may stay half open.
    if (this.refuse === 'silence') return void socket.resume().on('end', () => socket.end())
    if (this.refuse !== undefined) return void socket.end(`HTTP/1.1 ${this.refuse} No\r\n\r\n`)
    const onward = connect(Number(target.slice(target.lastIndexOf(':') + 1)), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      onward.pipe(socket).pipe(onward)
    })
    onward.on('error', () => socket.destroy())
    socket.on('close', () => onward.destroy())
  }
}
