/** What a client sends before its first frame. */
const PREFACE_BYTES = 24
const FRAME_HEAD_BYTES = 9

export const DATA = 0
export const HEADERS = 1
export const RST_STREAM = 3

export const END_STREAM = 0x1
const PADDED = 0x8
const PRIORITY = 0x20
const PRIORITY_BYTES = 5

export interface Frame {
  readonly type: number
  readonly flags: number
  readonly stream: number
  /** Of DATA and HEADERS: without padding and priority. */
  readonly payload: Buffer
}

/** One direction of an HTTP/2 connection, cut into frames as RFC 9113 says. Header blocks stay as they are. */
export class FrameReader {
  #pending: Buffer = Buffer.alloc(0)
  #skip: number
  readonly #take: (frame: Frame) => void

  constructor(from: 'client' | 'server', take: (frame: Frame) => void) {
    this.#skip = from === 'client' ? PREFACE_BYTES : 0
    this.#take = take
  }

  feed(bytes: Buffer): void {
    this.#pending = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes])
    if (this.#pending.length < this.#skip) return
    this.#pending = this.#pending.subarray(this.#skip)
    this.#skip = 0
    while (this.#step());
  }

  #step(): boolean {
    if (this.#pending.length < FRAME_HEAD_BYTES) return false
    const end = FRAME_HEAD_BYTES + this.#pending.readUIntBE(0, 3)
    if (this.#pending.length < end) return false
    const type = this.#pending.readUInt8(3)
    const flags = this.#pending.readUInt8(4)
    const stream = this.#pending.readUInt32BE(5) & 0x7fffffff
    const payload = this.#pending.subarray(FRAME_HEAD_BYTES, end)
    this.#pending = this.#pending.subarray(end)
    this.#take({ type, flags, stream, payload: bare(type, flags, payload) })
    return true
  }
}

function bare(type: number, flags: number, payload: Buffer): Buffer {
  if (type !== DATA && type !== HEADERS) return payload
  const padded = (flags & PADDED) !== 0
  const priority = type === HEADERS && (flags & PRIORITY) !== 0 ? PRIORITY_BYTES : 0
  return payload.subarray((padded ? 1 : 0) + priority, payload.length - (padded ? payload.readUInt8(0) : 0))
}
