import { debug, warnOnce } from '../log.ts'
import { halves, type Batch } from './batch.ts'
import type { Buffer } from './buffer.ts'
import { FAILURES_UNTIL_DISK, Gate } from './gate.ts'
import type { Ledger } from './ledger.ts'
import { outcomeOf, type Outcome } from './outcome.ts'
import type { Spool } from './spool/spool.ts'
import type { Transport } from './transport.ts'

export interface SenderParts {
  readonly buffer: Buffer
  readonly ledger: Ledger
  readonly spool: Spool
  readonly transport: Transport
  readonly gate?: Gate
  /** Told of faults in the background. */
  readonly onError: (error: Error) => void
}

/** Moves batches from the buffer to the endpoint, as fast as the gate allows. */
export class Sender {
  readonly #buffer: Buffer
  readonly #ledger: Ledger
  readonly #spool: Spool
  readonly #transport: Transport
  readonly #gate: Gate
  readonly #onError: (error: Error) => void
  readonly #sentBefore = new WeakSet<Batch>()
  #requests = 0
  #inFlight = 0
  #incompleteToo = false
  #gateTimer: NodeJS.Timeout | undefined
  #waiting: Array<() => void> = []

  constructor({ buffer, ledger, spool, transport, gate, onError }: SenderParts) {
    this.#buffer = buffer
    this.#ledger = ledger
    this.#spool = spool
    this.#transport = transport
    this.#gate = gate ?? new Gate()
    this.#onError = onError
  }

  /** Events in requests that are under way. */
  get inFlight(): number {
    return this.#inFlight
  }

  /** Starts what may start now: complete batches, or every batch once. */
  wake(which: 'complete' | 'any'): void {
    if (which === 'any') this.#incompleteToo = true
    while (this.#hasWork() && this.#gate.admits(this.#requests)) {
      const batch = this.#buffer.shift()
      if (batch !== undefined) void this.#deliver(batch)
    }
    if (!this.#buffer.has('any')) this.#incompleteToo = false
    this.#awaitGate()
  }

  /** Sends until nothing is left, time is up, or the gate will not open in time. Keeps the process alive meanwhile. */
  async drain(timeoutMs: number): Promise<void> {
    const until = performance.now() + timeoutMs
    let expired = (): void => {}
    const expiry = new Promise<void>((resolve) => (expired = resolve))
    const timer = setTimeout(expired, timeoutMs)
    try {
      for (;;) {
        this.wake('any')
        const left = until - performance.now()
        if (this.#requests === 0 && (!this.#buffer.has('any') || this.#gate.waitMs() > left)) return
        if (left <= 0) return
        await Promise.race([new Promise<void>((resolve) => this.#waiting.push(resolve)), expiry])
      }
    } finally {
      clearTimeout(timer)
    }
  }

  stop(): void {
    clearTimeout(this.#gateTimer)
    this.#transport.close()
  }

  #hasWork(): boolean {
    return this.#buffer.has(this.#incompleteToo ? 'any' : 'complete')
  }

  async #deliver(batch: Batch): Promise<void> {
    this.#requests++
    this.#inFlight += batch.lines.length
    const left = await this.#carry(batch)
    this.#requests--
    this.#giveBack(left)
    for (const resolve of this.#waiting.splice(0)) resolve()
    this.wake('complete')
  }

  /** Sends a batch, in parts where the endpoint asks for it. Resolves with what must be sent again later. */
  async #carry(batch: Batch): Promise<Batch[]> {
    if (this.#sentBefore.has(batch)) this.#ledger.retried += batch.lines.length
    this.#sentBefore.add(batch)
    const outcome = outcomeOf(await this.#transport.send(batch))
    switch (outcome.kind) {
      case 'accepted':
        this.#gate.succeeded()
        this.#settle(batch)
        this.#ledger.delivered += batch.lines.length
        return []
      case 'split':
      case 'bisect':
        return this.#carryHalves(batch, outcome)
      case 'retry':
        this.#gate.failed(outcome.retryAfterMs)
        this.#report(
          `delivery failed (${outcome.why}), next attempt in ${Math.round(this.#gate.waitMs())} ms`,
        )
        return [batch]
      case 'hold':
        this.#gate.hold()
        warnOnce(
          'hold',
          `the endpoint refuses this configuration (${outcome.why}); check PEEKAPI_API_KEY and PEEKAPI_ENDPOINT. Events are kept, and tried again every 5 minutes`,
        )
        this.#report(`delivery held (${outcome.why})`)
        return [batch]
    }
  }

  /** The endpoint is well but does not take this batch as it is: find the part that it takes. */
  async #carryHalves(batch: Batch, outcome: Outcome): Promise<Batch[]> {
    this.#gate.succeeded()
    if (batch.lines.length === 1) {
      this.#settle(batch)
      this.#ledger.drop(outcome.kind === 'split' ? 'too_large' : 'rejected', 1)
      return []
    }
    const [first, second] = halves(batch)
    const left = await this.#carry(first)
    return left.length > 0 ? [...left, second] : this.#carry(second)
  }

  #settle(batch: Batch): void {
    this.#inFlight -= batch.lines.length
    this.#spool.forget(batch)
  }

  /** To the disk once the outage lasts, else back to the head of the buffer in the same order. */
  #giveBack(left: readonly Batch[]): void {
    for (const batch of left.toReversed()) {
      this.#inFlight -= batch.lines.length
      const stored = this.#gate.failures >= FAILURES_UNTIL_DISK && this.#spool.publish(batch) === undefined
      if (stored) this.#ledger.spooled += batch.lines.length
      else this.#buffer.unshift(batch)
    }
  }

  #awaitGate(): void {
    if (this.#gate.healthy || this.#gateTimer !== undefined || !this.#buffer.has('any')) return
    this.#gateTimer = setTimeout(() => {
      this.#gateTimer = undefined
      for (const resolve of this.#waiting.splice(0)) resolve()
      this.wake('any')
    }, this.#gate.waitMs())
    this.#gateTimer.unref()
  }

  #report(message: string): void {
    debug(() => message)
    this.#onError(new Error(message))
  }
}
