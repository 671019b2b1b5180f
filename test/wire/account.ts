/** Which side ended the connection first, and whether in good order. */
export interface Departure {
  readonly by: 'client' | 'server'
  readonly reset: boolean
  readonly at: number
}

/** One exchange as it crossed the proxy. Times are the proxy's, monotonic, in milliseconds. */
export interface Account {
  /** What the request calls itself; its event carries it as consumer. */
  readonly id: string | undefined
  readonly method: string
  readonly target: string
  readonly protocol: 'http/1' | 'h2'
  /** The head was complete, and not yet passed on. */
  readonly requestedAt: number
  /** The same on the wall clock. */
  readonly requestedOn: number
  /** Body bytes passed on to the server. */
  requestBytes: number
  requestEnded: boolean
  /** 1xx that came before the answer. */
  readonly interim: number[]
  /** Undefined as long as no head of an answer has come. */
  status: number | undefined
  /** Body bytes received from the server. */
  responseBytes: number
  responseEnded: boolean
  /** Latest byte of the answer. */
  answeredAt: number
  /** Set when the connection, or the stream, ended before the answer did. */
  departure: Departure | undefined
  /** The connection has become a tunnel: an upgrade or a CONNECT was accepted. */
  tunnel: boolean
}

export function openAccount(
  what: Pick<Account, 'id' | 'method' | 'target' | 'protocol'>,
  clock: () => number = () => performance.now(),
): Account {
  return {
    ...what,
    requestedAt: clock(),
    requestedOn: Date.now(),
    requestBytes: 0,
    requestEnded: false,
    interim: [],
    status: undefined,
    responseBytes: 0,
    responseEnded: false,
    answeredAt: 0,
    departure: undefined,
    tunnel: false,
  }
}

/** Keeps the books of one connection, from the bytes of both directions. */
export interface Accountant {
  fromClient(bytes: Buffer): void
  fromServer(bytes: Buffer): void
  /** A side is gone: in good order, or by a reset. The first call for an exchange counts. */
  gone(by: Departure['by'], reset: boolean): void
  /** In the order of the requests. */
  readonly accounts: readonly Account[]
}
