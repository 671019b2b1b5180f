import { connect, type NetConnectOpts, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { until } from './until.ts'

const HEAD_END = '\r\n\r\n'

/** An answer as its bytes say. */
export interface WireAnswer {
  readonly status: number
  readonly head: string
  /** Bytes of the body without chunk framing: all that came, whatever the head promised. */
  readonly bodyBytes: number
  /** Heads of 1xx answers that came before. */
  readonly informational: readonly number[]
}

/** A client that is nothing but a socket: it sends what no HTTP library would, and counts what comes. */
export class RawClient {
  readonly socket: Socket
  readonly #chunks: Buffer[] = []
  #bytes = 0
  closed = false

  constructor(options: NetConnectOpts & { readonly ca?: string }) {
    this.socket = options.ca === undefined ? connect(options) : connectTls(options)
    this.socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk)
      this.#bytes += chunk.byteLength
    })
    // A reset is an ending like others here.
    this.socket.on('error', () => {})
    this.socket.on('close', () => (this.closed = true))
  }

  /** Bytes that came so far. */
  get bytes(): number {
    return this.#bytes
  }

  get received(): Buffer {
    return Buffer.concat(this.#chunks)
  }

  send(data: string | Uint8Array): this {
    this.socket.write(data, 'latin1')
    return this
  }

  /** Waits until this much has come. */
  async got(text: string): Promise<void> {
    await until(
      () => this.received.includes(text),
      () => `${JSON.stringify(text)} in ${JSON.stringify(this.received.subarray(-1000).toString('latin1'))}`,
    )
  }

  /** Leaves at once: what comes later meets a reset. */
  reset(): void {
    this.socket.resetAndDestroy()
  }

  /** Leaves at once, whatever carries the connection: only TCP itself can be reset. */
  leave(): void {
    this.socket.destroy()
  }

  /** Waits for the end of the connection; what came by then, as one answer. */
  async answer(): Promise<WireAnswer | undefined> {
    await this.ended()
    return answerIn(this.received)
  }

  async ended(): Promise<void> {
    await until(
      () => this.closed,
      () => `the end of the connection; ${this.#bytes} bytes came`,
    )
  }
}

/** Reads a connection's bytes as one answer that the connection's end closes; undefined without a whole head. */
export function answerIn(bytes: Buffer): WireAnswer | undefined {
  const informational: number[] = []
  for (let at = 0; ;) {
    const end = bytes.indexOf(HEAD_END, at)
    if (end === -1) return undefined
    const head = bytes.subarray(at, end).toString('latin1')
    const status = Number(head.slice(9, 12))
    at = end + HEAD_END.length
    if (status < 200) {
      informational.push(status)
      continue
    }
    const body = bytes.subarray(at)
    const bodyBytes = /\r\ntransfer-encoding: chunked/i.test(head) ? chunkedBytes(body) : body.byteLength
    return { status, head, bodyBytes, informational }
  }
}

function chunkedBytes(body: Buffer): number {
  let bytes = 0
  for (let at = 0; ;) {
    const line = body.indexOf('\r\n', at)
    if (line === -1) return bytes
    const length = Number.parseInt(body.subarray(at, line).toString('latin1'), 16)
    const data = line + 2
    bytes += Math.min(length, body.byteLength - data)
    at = data + length + 2
    if (!(length > 0) || at > body.byteLength) return bytes
  }
}
