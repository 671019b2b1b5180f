import { openAccount, type Account, type Accountant, type Departure } from './account.ts'
import { MessageReader, type Framing, type Head } from './message.ts'

/** The name under which each request of these tests goes. */
export const ID_HEADER = 'x-api-key'

/** An HTTP/1 connection: requests in order, and answers matched to them in the same order. */
export class Http1Accountant implements Accountant {
  readonly accounts: Account[] = []
  #sending: Account | undefined
  /** How many answers have ended: the index of the one that comes next. */
  #answered = 0
  readonly #requests: MessageReader
  readonly #answers: MessageReader

  constructor() {
    this.#requests = new MessageReader({
      head: (head) => this.#request(head),
      body: (bytes) => (this.#sending!.requestBytes += bytes),
      end: () => (this.#sending!.requestEnded = true),
    })
    this.#answers = new MessageReader({
      head: (head) => this.#answer(head),
      body: (bytes) => {
        this.#current.responseBytes += bytes
        this.#current.answeredAt = performance.now()
      },
      end: () => {
        this.#current.responseEnded = true
        this.#current.answeredAt = performance.now()
        this.#answered++
      },
    })
  }

  fromClient(bytes: Buffer): void {
    this.#requests.feed(bytes)
  }

  fromServer(bytes: Buffer): void {
    this.#answers.feed(bytes)
  }

  gone(by: Departure['by'], reset: boolean): void {
    if (by === 'server' && !reset) this.#answers.close()
    // What follows an answer and is none: more body than the head claimed.
    const last = this.accounts.at(-1)
    if (by === 'server' && last?.responseEnded === true) last.responseBytes += this.#answers.takeRest()
    const departure = { by, reset, at: performance.now() }
    for (const account of this.accounts) if (!account.responseEnded) account.departure ??= departure
  }

  get #current(): Account {
    // A server may answer what is no request: half a head, or nothing HTTP knows.
    this.accounts[this.#answered] ??= openAccount({
      id: undefined,
      method: '',
      target: '',
      protocol: 'http/1',
    })
    return this.accounts[this.#answered]!
  }

  #request({ start: [method, target], headers }: Head): Framing {
    this.#sending = openAccount({ id: headers.get(ID_HEADER), method, target, protocol: 'http/1' })
    this.accounts.push(this.#sending)
    if (method === 'CONNECT') {
      this.#sending.requestEnded = true
      return 'tunnel'
    }
    return framingOf(headers) ?? { length: 0 }
  }

  #answer({ start: [, code], headers }: Head): Framing | 'interim' {
    const account = this.#current
    const status = Number(code)
    if (status < 200 && status !== 101) {
      account.interim.push(status)
      return 'interim'
    }
    account.status = status
    account.answeredAt = performance.now()
    if (status === 101 || (account.method === 'CONNECT' && status < 300)) {
      account.tunnel = true
      this.#requests.tunnel()
      return 'tunnel'
    }
    if (account.method === 'HEAD' || status === 204 || status === 304) return { length: 0 }
    return framingOf(headers) ?? 'until close'
  }
}

function framingOf(headers: ReadonlyMap<string, string>): Framing | undefined {
  if (/\bchunked$/i.test(headers.get('transfer-encoding') ?? '')) return 'chunked'
  const length = headers.get('content-length')
  return length === undefined ? undefined : { length: Number(length) }
}
