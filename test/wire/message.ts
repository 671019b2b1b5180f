/** Where a body ends. `tunnel`: the connection speaks HTTP no more. */
export type Framing = { readonly length: number } | 'chunked' | 'until close' | 'tunnel'

export interface Head {
  /** The three parts of the first line. */
  readonly start: readonly [string, string, string]
  /** Lower-case names; repeated ones joined by a comma. */
  readonly headers: ReadonlyMap<string, string>
}

/** What a reader tells, in the order of the bytes. */
export interface MessageListener {
  /** The head is complete; says how its body is framed, or that it is interim and another head follows. */
  head(head: Head): Framing | 'interim'
  /** Bytes of the body: without chunk framing, not decoded. */
  body(bytes: number): void
  end(): void
}

const CRLF = '\r\n'

type State = 'head' | 'length' | 'chunk size' | 'chunk' | 'chunk end' | 'trailers' | 'until close' | 'tunnel'

/** One direction of an HTTP/1 connection, read as RFC 9112 says and with none of Node's parser. */
export class MessageReader {
  #state: State = 'head'
  #pending: Buffer = Buffer.alloc(0)
  /** Bytes that the body, or the current chunk, still has. */
  #left = 0
  readonly #listener: MessageListener

  constructor(listener: MessageListener) {
    this.#listener = listener
  }

  feed(bytes: Buffer): void {
    this.#pending = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes])
    while (this.#step());
  }

  /** The other side has agreed to speak no more HTTP. */
  tunnel(): void {
    this.#state = 'tunnel'
  }

  /** The sender has closed in good order, which is how some bodies end. */
  close(): void {
    if (this.#state === 'until close') this.#listener.end()
  }

  /** How many bytes make no sense yet; they are forgotten. */
  takeRest(): number {
    const { length } = this.#pending
    this.#pending = Buffer.alloc(0)
    return length
  }

  /** Consumes what it can; false when more bytes are needed. */
  #step(): boolean {
    switch (this.#state) {
      case 'head':
        return this.#readHead()
      case 'length':
        return this.#readBytes(() => this.#finish())
      case 'chunk size':
        return this.#readLine((line) => {
          this.#left = Number.parseInt(line, 16)
          if (Number.isNaN(this.#left)) throw new Error(`not a chunk size: ${JSON.stringify(line)}`)
          this.#state = this.#left === 0 ? 'trailers' : 'chunk'
        })
      case 'chunk':
        return this.#readBytes(() => (this.#state = 'chunk end'))
      case 'chunk end':
        return this.#readLine(() => (this.#state = 'chunk size'))
      case 'trailers':
        return this.#readLine((line) => line === '' && this.#finish())
      case 'until close':
      case 'tunnel':
        this.#left = Number.POSITIVE_INFINITY
        return this.#readBytes(() => {})
    }
  }

  #readHead(): boolean {
    // A lenient server skips empty lines between messages.
    while (this.#pending[0] === 13 || this.#pending[0] === 10) this.#pending = this.#pending.subarray(1)
    const end = this.#pending.indexOf(CRLF + CRLF)
    if (end === -1) return false
    const head = parseHead(this.#pending.toString('latin1', 0, end))
    this.#pending = this.#pending.subarray(end + 4)
    const framing = this.#listener.head(head)
    if (framing === 'interim') return true
    if (typeof framing === 'object') {
      this.#state = 'length'
      this.#left = framing.length
      if (framing.length === 0) this.#finish()
    } else {
      this.#state = framing === 'chunked' ? 'chunk size' : framing
    }
    return true
  }

  #readBytes(done: () => void): boolean {
    const taken = Math.min(this.#left, this.#pending.length)
    if (taken === 0) return false
    this.#pending = this.#pending.subarray(taken)
    this.#left -= taken
    this.#listener.body(taken)
    if (this.#left === 0) done()
    return true
  }

  #readLine(take: (line: string) => void): boolean {
    const end = this.#pending.indexOf(CRLF)
    if (end === -1) return false
    const line = this.#pending.toString('latin1', 0, end)
    this.#pending = this.#pending.subarray(end + 2)
    take(line)
    return true
  }

  #finish(): void {
    this.#state = 'head'
    this.#listener.end()
  }
}

function parseHead(text: string): Head {
  const [first, ...lines] = text.split(CRLF)
  const [one, two, ...rest] = first!.split(' ')
  const headers = new Map<string, string>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 1).trim()
    headers.set(name, headers.has(name) ? `${headers.get(name)}, ${value}` : value)
  }
  return { start: [one!, two ?? '', rest.join(' ')], headers }
}
