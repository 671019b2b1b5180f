/** A piece of an answer's body: `as` is a string encoding or a kind of bytes, `size` in characters or bytes. */
export interface Piece {
  readonly as: string
  readonly size: number
}

/** What fixtures/wire does with a request; travels in its `x-plan` header. */
export interface ServerPlan {
  /** How it treats the request's body. */
  readonly read: 'all' | 'slow' | 'resume' | 'none'
  /** Says 102 when this much of the request's body is there. */
  readonly mark?: number
  /** Milliseconds between request and answer. */
  readonly waits: number
  readonly hints?: boolean
  readonly processing?: boolean
  readonly status: number
  readonly head: 'implicit' | 'object' | 'reason' | 'pairs' | 'flush'
  /** The content-length it claims. */
  readonly length?: number
  readonly trailers?: boolean
  readonly close?: boolean
  readonly pieces: readonly Piece[]
  /** Milliseconds after each piece. */
  readonly gap: number
  readonly via: 'writes' | 'end' | 'callbacks' | 'drain' | 'cork' | 'pipe' | 'pipeline' | 'gzip' | 'web'
  readonly ending:
    | 'end'
    | 'twice'
    | 'hold'
    | 'silence'
    | 'torrent'
    | 'destroy'
    | 'destroy with error'
    | 'destroy socket'
  /** The request asks to leave HTTP. */
  readonly upgrade?: UpgradePlan
  /** False: answers `Expect: 100-continue` without "continue". */
  readonly admits?: boolean
}

export interface UpgradePlan {
  /** `ws`: what the package of this name says. The others write to the connection by hand. */
  readonly answer: 'ws' | 'accept' | 'refuse' | 'destroy' | 'silence'
  /** Of what is said behind the answer, or of its body. */
  readonly bytes: number
  /** Into how many pieces more than one the answer's head is cut. */
  readonly cuts: number
}

export interface Leaving {
  /**
   * `head`: in the middle of the request's head. `body`: of its body. `silence`: before any answer, once the server
   * has the request. `answer`: when all has come that the server sends before it holds. `torrent`: amid the bytes.
   */
  readonly at: 'head' | 'body' | 'silence' | 'answer' | 'torrent'
  /** `half`: says that it sends no more, and reads on to the end. */
  readonly by: 'fin' | 'reset' | 'half'
}

export interface ExchangePlan {
  readonly id: string
  readonly method: string
  readonly target: string
  /** The path its event has to carry. */
  readonly endpoint: string
  readonly version: '1.1' | '1.0'
  readonly upload: {
    readonly framing: 'none' | 'length' | 'chunked'
    readonly pieces: readonly number[]
    readonly gap: number
    readonly trailers?: boolean
    readonly expect?: string
  }
  /** Name of the protocol that it wants to speak, as the header says it. */
  readonly upgrade?: string
  readonly server: ServerPlan
  readonly leaving?: Leaving
}

export interface ConnectionPlan {
  readonly client: 'raw' | 'http' | 'fetch' | 'http2' | 'upgrade'
  /** Which of the application's servers; `fallback` is the one of `h2` for who does not speak it. */
  readonly port: 'plain' | 'explicit' | 'secure' | 'fallback' | 'h2c' | 'h2'
  /** All requests are sent before any answer is awaited: one behind the other, or each on its stream. */
  readonly pipelined: boolean
  readonly reading: 'fast' | 'slow'
  readonly exchanges: readonly ExchangePlan[]
}

/** Ports behind TLS. */
export const SECURE: ReadonlySet<ConnectionPlan['port']> = new Set(['secure', 'fallback', 'h2'] as const)

/** Bytes of a torrent after which its reader has had enough. */
export const TORRENT_BYTES = 100_000

export function uploadBytes({ upload }: ExchangePlan): number {
  return upload.pieces.reduce((sum, size) => sum + size, 0)
}

/** How much of the body a client sends that leaves within it. */
export function cutAt(plan: ExchangePlan): number {
  return Math.floor(uploadBytes(plan) / 2)
}
