import { Guard } from '../guard.ts'
import type { Batch } from './batch.ts'
import type { Ledger } from './ledger.ts'
import type { Refusal, Spool } from './spool/spool.ts'

/** Processes that start together, a cluster after a deployment, must not all read the disk at once. */
const FIRST_LOOK_WITHIN_MS = 5000
/** Others leave events behind at any time. A look is one reading of a directory. */
const LOOK_EVERY_MS = 60_000

const guard = new Guard('reading the spool')

/**
 * The batches that wait on disk: those of processes that are gone, and those that memory is no place for.
 * They come back one at a time, read ahead, so that live traffic always goes first.
 */
export class Backlog {
  readonly #spool: Spool
  readonly #ledger: Ledger
  readonly #found: () => void
  #held: Batch | undefined
  #expected = false
  #looking = false
  #stopped = false
  #timer: NodeJS.Timeout | undefined

  /** @param found Called when there is a batch to take. */
  constructor(spool: Spool, ledger: Ledger, found: () => void) {
    this.#spool = spool
    this.#ledger = ledger
    this.#found = found
  }

  start(): void {
    this.#lookIn(Math.random() * FIRST_LOOK_WITHIN_MS)
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#stopped = true
  }

  /** A batch that was read and waits to be taken. */
  get held(): Batch | undefined {
    return this.#held
  }

  /** Whether a look may find something. */
  get promising(): boolean {
    return this.#expected && !this.#looking
  }

  /** Hands a batch over to the disk; says why if that was not possible. */
  store(batch: Batch): Refusal | undefined {
    const refusal = this.#spool.publish(batch)
    if (refusal !== undefined) return refusal
    this.#ledger.spooled += batch.lines.length
    this.#expected = true
    return undefined
  }

  /** Reads the next batch in the background, if there may be one and none is held. */
  look(): void {
    if (!this.#expected || this.#looking || this.#held !== undefined || this.#stopped || !guard.active) return
    this.#looking = true
    // Before the look: what goes to the disk during it may not be seen by it.
    this.#expected = false
    this.#spool
      .claim()
      .then((batch) => this.#hold(batch))
      .catch((fault: unknown) => guard.fault(fault))
  }

  /** Gives the batch that was read back to the disk; false if it has to stay. */
  putBack(): boolean {
    const batch = this.#held
    if (batch === undefined || this.store(batch) !== undefined) return false
    this.#held = undefined
    return true
  }

  take(): Batch | undefined {
    const batch = this.#held
    this.#held = undefined
    return batch
  }

  #hold(batch: Batch | undefined): void {
    this.#looking = false
    if (batch === undefined) return
    if (this.#stopped) return void this.#spool.publish(batch)
    this.#held = batch
    this.#expected = true
    this.#ledger.spooled -= batch.lines.length
    this.#found()
  }

  #lookIn(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#expected = true
      this.look()
      this.#lookIn(LOOK_EVERY_MS * (0.5 + Math.random()))
    }, ms).unref()
  }
}
