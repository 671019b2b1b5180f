import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as connectSecurely } from 'node:tls'
import { Http1Accountant } from './http1-accountant.ts'
import { bodyBytes } from './answer-size.ts'
import { cutAt, SECURE, TORRENT_BYTES, uploadBytes, type ConnectionPlan, type ExchangePlan } from './plan.ts'
import { requestHead, uploadChunks } from './request-bytes.ts'
import { reset } from './reset.ts'

/** Time a slow reader takes over each piece that comes. */
const SLOW_READER_MS = 2

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** A connection by hand: the client that can do everything a client can do. */
export async function runRaw(plan: ConnectionPlan, port: number): Promise<void> {
  const target = { port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true }
  const secure = SECURE.has(plan.port)
  const socket = secure ? connectSecurely({ ...target, rejectUnauthorized: false }) : connect(target)
  const client = new RawClient(plan, socket)
  // Who ends a connection amid the handshake leaves the other side waiting for the rest of it.
  if (secure) await once(socket, 'secureConnect')
  await client.run()
}

class RawClient {
  readonly #plan: ConnectionPlan
  readonly #socket: Socket
  /** The client's own reading of what it sent and got; tells it when to go on. */
  readonly #books = new Http1Accountant()
  #gone = false
  #wake: () => void = () => {}

  constructor(plan: ConnectionPlan, socket: Socket) {
    this.#plan = plan
    this.#socket = socket
    socket.on('data', (bytes: Buffer) => {
      this.#books.fromServer(bytes)
      if (plan.reading === 'slow') {
        socket.pause()
        setTimeout(() => socket.resume(), SLOW_READER_MS)
      }
      this.#wake()
    })
    socket.on('error', () => {})
    socket.on('end', () => {
      this.#books.gone('server', false)
      socket.end()
    })
    for (const event of ['end', 'close']) {
      socket.on(event, () => {
        this.#gone = true
        this.#wake()
      })
    }
  }

  async run(): Promise<void> {
    const { exchanges, pipelined } = this.#plan
    for (const [n, exchange] of exchanges.entries()) {
      if (this.#gone) break
      await this.#send(exchange, n)
      if (exchange.leaving !== undefined) return this.#leave(exchange, n)
      if (!pipelined) await this.#until(() => this.#books.accounts[n]!.responseEnded)
    }
    await this.#until(() => this.#books.accounts.every(({ responseEnded }) => responseEnded))
    this.#socket.end()
    await this.#closed()
  }

  async #send(exchange: ExchangePlan, n: number): Promise<void> {
    const head = requestHead(exchange)
    if (exchange.leaving?.at === 'head')
      return void this.#socket.write(head.slice(0, head.length / 2), 'latin1')
    this.#write(Buffer.from(head, 'latin1'))
    if (exchange.upload.expect !== undefined) {
      const account = this.#books.accounts[n]!
      await this.#until(() => account.interim.includes(100) || account.status !== undefined)
      if (!account.interim.includes(100)) return
    }
    const cut = exchange.leaving?.at === 'body' ? cutAt(exchange) : uploadBytes(exchange)
    for (const chunk of uploadChunks(exchange, cut)) {
      if (this.#gone) return
      this.#write(chunk)
      if (exchange.upload.gap > 0) await sleep(exchange.upload.gap)
    }
  }

  async #leave({ leaving, server }: ExchangePlan, n: number): Promise<void> {
    const account = this.#books.accounts[n]
    if (leaving!.at === 'body' || leaving!.at === 'silence')
      await this.#until(() => account!.interim.includes(102))
    if (leaving!.at === 'answer')
      await this.#until(
        () => account!.status === server.status && account!.responseBytes === bodyBytes(server),
      )
    if (leaving!.at === 'torrent') await this.#until(() => account!.responseBytes >= TORRENT_BYTES)
    if (leaving!.at === 'head')
      await this.#until(() => this.#books.accounts.every((one) => one.responseEnded))
    if (leaving!.by === 'half') this.#socket.end()
    else if (leaving!.by === 'fin') this.#socket.destroy()
    else reset(this.#socket)
    await this.#closed()
  }

  #write(bytes: Buffer): void {
    this.#books.fromClient(bytes)
    if (this.#socket.writable) this.#socket.write(bytes)
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!this.#gone && !condition()) await new Promise<void>((resolve) => (this.#wake = resolve))
  }

  async #closed(): Promise<void> {
    if (!this.#socket.closed) await new Promise((resolve) => this.#socket.once('close', resolve))
  }
}
