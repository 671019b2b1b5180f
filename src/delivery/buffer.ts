import { newBatchId, type Batch } from './batch.ts'

class GrowingBatch implements Batch {
  readonly lines: string[] = []
  #id: string | undefined

  /** Made when somebody asks, which is not the request that brings the first event: `node:crypto` loads for it. */
  get id(): string {
    return (this.#id ??= newBatchId())
  }
}

/** Whatever the number of events, memory for them stays below this: 1 KiB for each event of the default buffer. */
const BYTES_PER_EVENT = 1024

/**
 * Events waiting in memory, already grouped into the batches they will travel in: a batch has its id,
 * and its place on disk, from its first event on.
 */
export class Buffer {
  readonly #maxEvents: number
  readonly #maxBytes: number
  readonly #batchSize: number
  /** Oldest first. The last one may still grow. */
  readonly #batches: Batch[] = []
  #open: GrowingBatch | undefined
  #events = 0
  #bytes = 0

  constructor(maxEvents: number, maxEventBytes: number, batchSize: number) {
    this.#maxEvents = maxEvents
    this.#maxBytes = Math.max(maxEvents * BYTES_PER_EVENT, maxEventBytes)
    this.#batchSize = batchSize
  }

  get events(): number {
    return this.#events
  }

  /** @param elsewhere Events that have left the buffer but are still in memory. */
  hasRoomFor(line: string, elsewhere: number): boolean {
    return this.#events + elsewhere < this.#maxEvents && this.#bytes + line.length <= this.#maxBytes
  }

  /** Appends one event; true when it completes a batch. */
  push(line: string): boolean {
    if (this.#open === undefined) {
      this.#open = new GrowingBatch()
      this.#batches.push(this.#open)
    }
    this.#open.lines.push(line)
    this.#events++
    this.#bytes += line.length
    if (this.#open.lines.length < this.#batchSize) return false
    this.#open = undefined
    return true
  }

  /** Whether `shift` has something to give. */
  has(which: 'complete' | 'any'): boolean {
    const oldest = this.#batches[0]
    return oldest !== undefined && (which === 'any' || oldest !== this.#open)
  }

  /** Takes the oldest batch. A batch that is taken does not grow any more. */
  shift(): Batch | undefined {
    const batch = this.#batches.shift()
    if (batch === undefined) return undefined
    if (batch === this.#open) this.#open = undefined
    this.#count(batch, -1)
    return batch
  }

  /** Puts a batch back at the head, where it was. */
  unshift(batch: Batch): void {
    this.#batches.unshift(batch)
    this.#count(batch, 1)
  }

  /** All batches, oldest first. */
  batches(): readonly Batch[] {
    return this.#batches
  }

  #count(batch: Batch, sign: 1 | -1): void {
    this.#events += sign * batch.lines.length
    this.#bytes += sign * batch.lines.reduce((bytes, line) => bytes + line.length, 0)
  }
}
