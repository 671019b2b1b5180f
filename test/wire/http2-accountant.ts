import { openAccount, type Account, type Accountant, type Departure } from './account.ts'
import { statusOf } from './header-block.ts'
import { DATA, END_STREAM, FrameReader, HEADERS, RST_STREAM, type Frame } from './frames.ts'

/** What the client says of a stream: blocks of its headers are compressed, and not read here. */
export type StreamName = Pick<Account, 'id' | 'method' | 'target'>

/** Names of all streams, by the proxy, the client's port and the stream's number. */
export type StreamNames = Map<string, StreamName>

/** An HTTP/2 connection: one exchange for each stream; sizes and ends by its frames. */
export class Http2Accountant implements Accountant {
  readonly #streams = new Map<number, Account>()
  readonly #requests: FrameReader
  readonly #answers: FrameReader
  readonly #nameOf: (stream: number) => StreamName | undefined

  constructor(nameOf: (stream: number) => StreamName | undefined) {
    this.#nameOf = nameOf
    this.#requests = new FrameReader('client', (frame) => this.#request(frame))
    this.#answers = new FrameReader('server', (frame) => this.#answer(frame))
  }

  get accounts(): readonly Account[] {
    return [...this.#streams.values()]
  }

  fromClient(bytes: Buffer): void {
    this.#requests.feed(bytes)
  }

  fromServer(bytes: Buffer): void {
    this.#answers.feed(bytes)
  }

  gone(by: Departure['by'], reset: boolean): void {
    for (const account of this.#streams.values()) depart(account, by, reset)
  }

  #request({ type, flags, stream, payload }: Frame): void {
    let account = this.#streams.get(stream)
    if (type === HEADERS && account === undefined) {
      const name = this.#nameOf(stream) ?? { id: undefined, method: '', target: '' }
      account = openAccount({ ...name, protocol: 'h2' })
      this.#streams.set(stream, account)
    }
    if (account === undefined) return
    if (type === DATA) account.requestBytes += payload.length
    if (type === RST_STREAM) depart(account, 'client', true)
    else if ((type === DATA || type === HEADERS) && (flags & END_STREAM) !== 0) account.requestEnded = true
  }

  #answer({ type, flags, stream, payload }: Frame): void {
    const account = this.#streams.get(stream)
    if (account === undefined) return
    if (type === RST_STREAM) return depart(account, 'server', true)
    if (type !== DATA && type !== HEADERS) return
    if (type === HEADERS && account.status === undefined) {
      const status = statusOf(payload)!
      if (status < 200) return void account.interim.push(status)
      account.status = status
    }
    account.answeredAt = performance.now()
    if (type === DATA) account.responseBytes += payload.length
    if ((flags & END_STREAM) !== 0) account.responseEnded = true
  }
}

function depart(account: Account, by: Departure['by'], reset: boolean): void {
  if (!account.responseEnded) account.departure ??= { by, reset, at: performance.now() }
}
