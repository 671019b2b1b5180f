import { Guard } from '../guard.ts'
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

const guard = new Guard('sending')

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

  /** Starts what may start now: complete batches, or all there is. */
  wake(which: 'complete' | 'any'): void {
    if (which === 'any') this.#incompleteToo = true
    while (this.#buffer.has(this.#incompleteToo ? 'any' : 'complete') && this.#gate.admits(this.#requests)) {
      const batch = this.#buffer.shift()
      if (batch !== undefined) void this.#deliver(batch)
    }
    if (!this.#buffer.has('any')) this.#incompleteToo = false
    this.#awaitGate()
  }

  /** Sends until nothing is left, time is up, or the gate will not open in time. Keeps the process alive meanwhile. */
  async drain(timeoutMs: number): Promise<void> {
    const until = performance.now() + timeoutMs
    let expire: (() => void) | undefined
    const expired = new Promise<void>((resolve) => (expire = resolve))
    const timer = setTimeout(() => expire?.(), timeoutMs)
    try {
      for (;;) {
        this.wake('any')
        const left = until - performance.now()
        const nothingToWaitFor =
          this.#requests === 0 && (!this.#buffer.has('any') || this.#gate.waitMs() > left)
        if (left <= 0 || nothingToWaitFor) return
        await Promise.race([new Promise<void>((resolve) => this.#waiting.push(resolve)), expired])
      }
    } finally {
      clearTimeout(timer)
    }
  }

  stop(): void {
    clearTimeout(this.#gateTimer)
    this.#transport.close()
  }

  /** Sends a batch, in parts where the endpoint asks for it, and gives back what must be sent again later. */
  async #deliver(batch: Batch): Promise<void> {
    // A part leaves the stack when it is dealt with, so whatever goes wrong, what is left is what is not.
    const stack = [batch]
    this.#requests++
    this.#inFlight += batch.lines.length
    try {
      for (let part = stack.at(-1); part !== undefined; part = stack.at(-1)) {
        const outcome = await this.#send(part)
        if (!this.#apply(outcome, part, stack)) break
      }
    } catch (fault) {
      guard.fault(fault)
      this.#gate.failed(undefined)
    }
    this.#requests--
    this.#giveBack(stack)
    this.#wakeWaiting()
    this.wake('complete')
  }

  async #send(batch: Batch): Promise<Outcome> {
    if (this.#sentBefore.has(batch)) this.#ledger.retried += batch.lines.length
    this.#sentBefore.add(batch)
    return outcomeOf(await this.#transport.send(batch))
  }

  /** Draws the consequence for the part on top of the stack; false when the rest has to wait. */
  #apply(outcome: Outcome, part: Batch, stack: Batch[]): boolean {
    switch (outcome.kind) {
      case 'accepted':
        this.#gate.succeeded()
        this.#ledger.delivered += this.#done(stack)
        return true
      case 'split':
      case 'bisect':
        // The endpoint is well, it only does not take this: find the part that it takes.
        this.#gate.succeeded()
        if (part.lines.length > 1) stack.splice(-1, 1, ...halves(part).toReversed())
        else this.#ledger.drop(outcome.kind === 'split' ? 'too_large' : 'rejected', this.#done(stack))
        return true
      case 'retry':
        this.#gate.failed(outcome.retryAfterMs)
        this.#report(
          `delivery failed (${outcome.why}), next attempt in ${Math.round(this.#gate.waitMs())} ms`,
        )
        return false
      case 'hold':
        this.#gate.hold()
        warnOnce(
          'hold',
          `delivery is on hold (${outcome.why}); check PEEKAPI_API_KEY and PEEKAPI_ENDPOINT. Events are kept and tried again every 5 minutes`,
        )
        this.#report(`delivery held (${outcome.why})`)
        return false
    }
  }

  /** Takes the finished part from the stack; returns its number of events. */
  #done(stack: Batch[]): number {
    const part = stack.pop()!
    this.#inFlight -= part.lines.length
    this.#spool.forget(part)
    return part.lines.length
  }

  /** To the disk once the outage lasts, else back to the head of the buffer in the order it had. */
  #giveBack(left: readonly Batch[]): void {
    for (const batch of left) {
      this.#inFlight -= batch.lines.length
      const stored = this.#gate.failures >= FAILURES_UNTIL_DISK && this.#spool.publish(batch) === undefined
      if (stored) this.#ledger.spooled += batch.lines.length
      else this.#buffer.unshift(batch)
    }
  }

  #awaitGate(): void {
    // With a request under way its end wakes us; a timer beside it would spin on a gate whose time has come.
    if (this.#gate.healthy || this.#requests > 0 || this.#gateTimer !== undefined || !this.#buffer.has('any'))
      return
    this.#gateTimer = setTimeout(() => {
      this.#gateTimer = undefined
      this.#wakeWaiting()
      this.wake('any')
    }, this.#gate.waitMs()).unref()
  }

  #wakeWaiting(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  #report(message: string): void {
    debug(() => message)
    this.#onError(new Error(message))
  }
}
