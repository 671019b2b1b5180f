import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** As nginx writes it: the client left before any response head was sent. */
export const CLIENT_CLOSED_REQUEST = 499

/** This side broke off before any response head was sent. Nothing was on the wire to tell; of all statuses this one misleads least. */
export const BROKEN_OFF = 500

/** Offset of the status in `HTTP/1.1 200 OK`. */
const STATUS_AT = 9
const ZERO = 48

const isBun = process.versions['bun'] !== undefined

/** Between head and body. */
const HEAD_END = '\r\n\r\n'

/** What Node keeps of a response beside its public side. */
export interface Outgoing {
  /** The head as Node serialised it; the only place that still knows it when `statusCode` was changed afterwards. */
  readonly _header?: string | null
  /** The head was handed on, if only to a queue. */
  readonly _headerSent?: boolean
  /** False for HEAD, 204 and 304: what the application writes is not sent. */
  readonly _hasBody?: boolean
  readonly _trailer?: string
  /** As the head declares it, however it was set. */
  readonly _contentLength?: number | null
  /** Waits for earlier responses on the same connection, or for a connection that takes no more. */
  readonly outputData?: readonly Written[]
  /** Length of `outputData`, strings counted by characters. */
  readonly outputSize?: number
}

interface Written {
  readonly data: string | Uint8Array
  readonly encoding?: BufferEncoding | null
}

/** What Node keeps of a connection beside its public side. */
export interface Connection extends Socket {
  _httpMessage?: object | null
  readonly parser?: object | null
  readonly _handle?: (Handle & { readonly _parent?: Handle | null }) | null
  readonly writableBuffer?: ReadonlyArray<{
    readonly chunk: string | Uint8Array
    readonly encoding?: BufferEncoding
  }>
}

interface Handle {
  /** Bytes that the kernel has not taken yet. */
  readonly writeQueueSize?: number
}

const LINE_END = '\r\n'
const COLON = 58

/** A header of a serialised head, by its name in lower case. Asked for each exchange: only names of that length are looked at. */
export function headerOf(head: string, name: string): string | undefined {
  for (let end = head.indexOf(LINE_END); end !== -1;) {
    const start = end + LINE_END.length
    const colon = start + name.length
    end = head.indexOf(LINE_END, start)
    if (head.charCodeAt(colon) === COLON && head.slice(start, colon).toLowerCase() === name)
      return head.slice(colon + ': '.length, end)
  }
  return undefined
}

/** Status of a serialised head. */
export function statusOf(head: string): number | undefined {
  const status =
    (head.charCodeAt(STATUS_AT) - ZERO) * 100 +
    (head.charCodeAt(STATUS_AT + 1) - ZERO) * 10 +
    (head.charCodeAt(STATUS_AT + 2) - ZERO)
  return status >= 100 && status <= 999 ? status : undefined
}

/** Status of the head that Node made for a response. */
export function headStatus(response: ServerResponse): number {
  const head = (response as Outgoing)._header
  return (typeof head === 'string' ? statusOf(head) : undefined) ?? response.statusCode
}

/** Handed on, if only to a queue. Bun keeps to the public property, which Node sets as soon as the head is made. */
export function isHeadSent(response: ServerResponse): boolean {
  return isBun ? response.headersSent : (response as Outgoing)._headerSent === true
}

export function hasBody(response: ServerResponse): boolean {
  return (response as Outgoing)._hasBody !== false
}

/**
 * How the body that was sent compares with the length that the head claims: the client holds the answer for whole at
 * that length, whether or not the application has ended it.
 */
export function bodyState(response: ServerResponse, bytes: number): 'whole' | 'short' | 'unclaimed' {
  if (!hasBody(response)) return 'whole'
  const length = (response as Outgoing)._contentLength ?? Number.NaN
  if (Number.isNaN(length)) return 'unclaimed'
  return bytes < length ? 'short' : 'whole'
}

export function byteLength(chunk: unknown, encoding: unknown): number {
  if (typeof chunk === 'string') {
    return Buffer.byteLength(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8')
  }
  return ArrayBuffer.isView(chunk) ? chunk.byteLength : 0
}

/** An answer that somebody wrote to the connection past Node's response. */
export interface RawAnswer {
  readonly status: number
  readonly bodyBytes: number
}

export function rawAnswerOf(chunk: unknown, encoding: unknown): RawAnswer | undefined {
  const text =
    typeof chunk === 'string'
      ? chunk
      : ArrayBuffer.isView(chunk)
        ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1')
        : ''
  if (!text.startsWith('HTTP/1.')) return undefined
  const status = statusOf(text)
  if (status === undefined) return undefined
  const end = text.indexOf(HEAD_END)
  if (end === -1) return { status, bodyBytes: 0 }
  return {
    status,
    bodyBytes: byteLength(text.slice(end + HEAD_END.length), typeof chunk === 'string' ? encoding : 'latin1'),
  }
}

/** A TLS 1.3 record: what it carries, and what it is on the wire. */
const RECORD_BYTES = 16_384
const SEALED_RECORD_BYTES = RECORD_BYTES + 22

/**
 * Bytes of a response, head and framing included, that Node took and the kernel did not. To be asked before
 * the connection is destroyed: that forgets them.
 */
export function unsentBytes(response: ServerResponse, connection: Connection | null): number {
  const { outputData = [], outputSize = 0 } = response as Outgoing
  // What is corked in the response is in none of the lists that can be read, but in its length.
  let bytes = response.writableLength - outputSize - (connection?.writableLength ?? 0)
  for (const { data, encoding } of outputData) bytes += byteLength(data, encoding)
  if (connection === null) return bytes
  // Not by `writableLength`, which counts strings by characters.
  for (const { chunk, encoding } of connection.writableBuffer ?? []) bytes += byteLength(chunk, encoding)
  const handle = connection._handle
  // Under TLS the queue is that of the connection below, sealed.
  const parent = handle?._parent
  if (parent) return bytes + Math.floor(((parent.writeQueueSize ?? 0) / SEALED_RECORD_BYTES) * RECORD_BYTES)
  return bytes + (handle?.writeQueueSize ?? 0)
}
