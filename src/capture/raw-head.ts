import { byteLength, statusOf } from './wire.ts'

const HEAD_END = '\r\n\r\n'
/** Longer than any head that Node itself would accept. */
const MAX_HEAD_CHARACTERS = 65_536
const SWITCHING_PROTOCOLS = 101
const STATUS_LINE = 'HTTP/1.1 200'

/** Reads the head of an answer that a program writes to a connection by hand, in whatever pieces. */
export class RawHead {
  /** Undefined before the status line, and if what was written is no HTTP. */
  status: number | undefined = undefined
  /** The head is there, or never will be: what follows is of no interest. */
  complete = false
  /** Bytes of this head, and of interim ones before it. */
  bytes = 0
  /** Bytes written behind the head. */
  bodyBytes = 0
  #text = ''

  take(chunk: unknown, encoding: unknown): void {
    if (this.complete) {
      this.bodyBytes += byteLength(chunk, encoding)
      return
    }
    this.#text += latin1(chunk, encoding)
    while (!this.complete && this.#text.length >= STATUS_LINE.length && this.#readHead());
  }

  /** Says whether to go on: a head may follow an interim one. */
  #readHead(): boolean {
    const status = this.#text.startsWith('HTTP/1.') ? statusOf(this.#text) : undefined
    const end = this.#text.indexOf(HEAD_END)
    if (status !== undefined && end === -1 && this.#text.length < MAX_HEAD_CHARACTERS) {
      if (!isInterim(status)) this.status = status
      return false
    }
    const length = status === undefined || end === -1 ? 0 : end + HEAD_END.length
    this.bytes += length
    this.#text = this.#text.slice(length)
    if (status !== undefined && isInterim(status) && length > 0) return true
    this.status = status
    this.complete = true
    this.bodyBytes = this.#text.length
    this.#text = ''
    return false
  }
}

/** Answers before the answer, but for the one that ends HTTP on the connection. */
function isInterim(status: number): boolean {
  return status < 200 && status !== SWITCHING_PROTOCOLS
}

/** One character for each byte. */
function latin1(chunk: unknown, encoding: unknown): string {
  if (typeof chunk === 'string') {
    return Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8').toString(
      'latin1',
    )
  }
  if (!ArrayBuffer.isView(chunk)) return ''
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1')
}
