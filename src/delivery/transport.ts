import { bodyOf, type Batch } from './batch.ts'
import { Destination, type DestinationOptions } from './destination.ts'
import { exchange, isStale, type Abandon } from './exchange.ts'
import type { Answer } from './outcome.ts'
import { untraced } from './untraced.ts'

/** One deadline over name lookup, proxy, connect, TLS, upload and the whole response body. */
const DEADLINE_MS = 5000
/** Both pooled sockets may have gone stale in the same pause; the third attempt has a fresh one. */
const MAX_STALE_SOCKETS = 2

export interface TransportOptions extends DestinationOptions {
  /** Default 5,000 ms. */
  readonly deadlineMs?: number | undefined
}

/** Carries batches to the endpoint over kept-alive connections that never keep the process alive. */
export class Transport {
  readonly #destination: Destination | undefined
  readonly #refusal: string = ''
  readonly #deadlineMs: number
  readonly #running = new Set<Abandon>()

  constructor(options: TransportOptions) {
    this.#deadlineMs = options.deadlineMs ?? DEADLINE_MS
    try {
      this.#destination = new Destination(options)
    } catch (fault) {
      this.#refusal = (fault as Error).message
    }
  }

  /** Sends one batch. Resolves with the answer, or with what prevented it; never rejects. */
  async send(batch: Batch): Promise<Answer> {
    const destination = this.#destination
    if (destination === undefined) return { refused: this.#refusal }
    return untraced(() => this.#send(batch, destination))
  }

  /** Requests under way resolve as failures. */
  abandon(why: string): void {
    for (const abandon of this.#running) abandon(new Error(why))
  }

  /** Ends all connections, those of requests under way too. */
  close(): void {
    this.abandon('the client has stopped')
    this.#destination?.close()
  }

  async #send(batch: Batch, destination: Destination): Promise<Answer> {
    const body = Buffer.from(bodyOf(batch))
    const deadline = { ms: this.#deadlineMs, at: performance.now() + this.#deadlineMs }
    let answer: Answer
    let stale = 0
    do {
      answer = await exchange({
        open: (abandoned) => destination.request(batch.id, body.byteLength, abandoned),
        body,
        deadline,
        running: this.#running,
      })
    } while (isStale(answer) && ++stale <= MAX_STALE_SOCKETS)
    return answer
  }
}
