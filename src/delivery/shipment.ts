import { Guard } from '../guard.ts'
import { warnOnce } from '../log.ts'
import { halves, type Batch } from './batch.ts'
import type { Gate } from './gate.ts'
import type { Ledger } from './ledger.ts'
import { outcomeOf, type Outcome } from './outcome.ts'
import type { Spool } from './spool/spool.ts'
import type { Transport } from './transport.ts'
import type { WorkingSize } from './working-size.ts'

export interface ShipmentParts {
  readonly ledger: Ledger
  readonly spool: Spool
  readonly transport: Transport
  readonly gate: Gate
  readonly size: WorkingSize
  /** Told of faults in the background. */
  readonly report: (message: string) => void
}

const guard = new Guard('sending')

const sentBefore = new WeakSet<Batch>()

/** One batch under way: sent whole, or in parts where the endpoint asks for it. */
export class Shipment {
  readonly #parts: ShipmentParts
  readonly #whole: Batch
  /** A part leaves the stack when it is dealt with, so whatever goes wrong, what is left is what is not. */
  readonly #stack: Batch[]
  #split = false
  #events: number

  constructor(batch: Batch, parts: ShipmentParts) {
    this.#parts = parts
    this.#whole = batch
    this.#stack = [batch]
    this.#events = batch.lines.length
  }

  /** Events that are not dealt with yet. */
  get events(): number {
    return this.#events
  }

  /** What the disk knows the shipment by. */
  get batch(): Batch {
    return this.#whole
  }

  /** What is not dealt with yet, the part to be sent first last. */
  get left(): readonly Batch[] {
    return this.#stack
  }

  /** Stops in the middle; gives what is not dealt with. */
  interrupt(): readonly Batch[] {
    if (this.#split) this.#parts.spool.replace(this.#whole, this.#stack)
    return this.#stack
  }

  /** Sends until all is dealt with or the rest has to wait; never rejects. */
  async run(): Promise<void> {
    try {
      for (let part = this.#next(); part !== undefined; part = this.#next()) {
        if (!this.#apply(await this.#send(part), part)) break
      }
    } catch (fault) {
      guard.fault(fault)
      this.#parts.gate.failed(undefined)
    }
    this.interrupt()
  }

  #next(): Batch | undefined {
    for (let part = this.#stack.at(-1); part !== undefined; part = this.#stack.at(-1)) {
      if (!this.#parts.size.exceededBy(part)) return part
      this.#splitTop(part)
    }
    return undefined
  }

  async #send(part: Batch): Promise<Outcome> {
    if (sentBefore.has(part)) this.#parts.ledger.retried += part.lines.length
    sentBefore.add(part)
    return outcomeOf(await this.#parts.transport.send(part))
  }

  /** Draws the consequence for the part on top of the stack; false when the rest has to wait. */
  #apply(outcome: Outcome, part: Batch): boolean {
    const { gate, ledger, size, report } = this.#parts
    switch (outcome.kind) {
      case 'accepted':
        gate.succeeded()
        size.accepted()
        ledger.delivered += this.#done(part)
        return true
      case 'split':
        // The endpoint is well, it only does not take this: find the part that it takes.
        gate.succeeded()
        size.refused(part)
        if (part.lines.length > 1) this.#splitTop(part)
        else ledger.drop('too_large', this.#done(part))
        return true
      case 'bisect':
        gate.succeeded()
        if (part.lines.length > 1) this.#splitTop(part)
        else ledger.drop('rejected', this.#done(part))
        return true
      case 'retry':
        gate.failed(outcome.retryAfterMs)
        report(`delivery failed (${outcome.why}), next attempt in ${Math.round(gate.waitMs())} ms`)
        return false
      case 'hold':
        gate.hold()
        warnOnce(
          'hold',
          `delivery is on hold (${outcome.why}); check PEEKAPI_API_KEY and PEEKAPI_ENDPOINT. Events are kept and tried again every 5 minutes`,
        )
        report(`delivery held (${outcome.why})`)
        return false
    }
  }

  #splitTop(part: Batch): void {
    this.#split = true
    this.#stack.splice(-1, 1, ...halves(part).toReversed())
  }

  /** Takes the finished part from the stack; returns its number of events. */
  #done(part: Batch): number {
    this.#stack.pop()
    this.#events -= part.lines.length
    this.#parts.spool.forget(part)
    return part.lines.length
  }
}
