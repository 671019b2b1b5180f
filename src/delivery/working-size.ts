import { bodyOf, halves, type Batch } from './batch.ts'

/** Accepted in a row at the size that works before a larger one is tried again: limits are raised rarely. */
const ACCEPTED_UNTIL_LARGER = 20

/**
 * How large a body the endpoint takes, as far as its refusals (413) tell. Later batches start below it instead of
 * paying for the same refusal each.
 */
export class WorkingSize {
  #limit = Number.POSITIVE_INFINITY
  #accepted = 0

  /** Whether a batch is known to be too large as it is. */
  exceededBy(batch: Batch): boolean {
    return this.#limit < Number.POSITIVE_INFINITY && batch.lines.length > 1 && sizeOf(batch) > this.#limit
  }

  refused(batch: Batch): void {
    if (batch.lines.length > 1) this.#limit = Math.min(this.#limit, ...halves(batch).map(sizeOf))
    this.#accepted = 0
  }

  accepted(): void {
    if (this.#limit === Number.POSITIVE_INFINITY || ++this.#accepted < ACCEPTED_UNTIL_LARGER) return
    this.#accepted = 0
    this.#limit *= 2
  }
}

function sizeOf(batch: Batch): number {
  return Buffer.byteLength(bodyOf(batch))
}
