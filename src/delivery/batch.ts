import { builtin } from '../builtin.ts'

/** Of this thread; what is random once is not asked of the kernel for each batch. */
const ORIGIN_BYTES = 8
const COUNT_DIGITS = 8

let origin = ''
let count = 0

/** Events that travel together. Each is kept as the JSON text that will be sent. */
export interface Batch {
  /** Sent as `idempotency-key`: stable over retries, restarts and adoption by another process. */
  readonly id: string
  readonly lines: readonly string[]
}

export function newBatchId(): string {
  if (origin === '') {
    const { randomBytes } = builtin<typeof import('node:crypto')>('node:crypto')
    origin = randomBytes(ORIGIN_BYTES).toString('hex')
  }
  return origin + (count++).toString(16).padStart(COUNT_DIGITS, '0')
}

export function bodyOf(batch: Batch): string {
  return `[${batch.lines.join(',')}]`
}

/**
 * Two halves. Their ids follow from the parent's: when the parent is sent again after a restart
 * and split again, the endpoint recognises the half it already took.
 */
export function halves(batch: Batch): [Batch, Batch] {
  const middle = Math.ceil(batch.lines.length / 2)
  return [
    { id: `${batch.id}.0`, lines: batch.lines.slice(0, middle) },
    { id: `${batch.id}.1`, lines: batch.lines.slice(middle) },
  ]
}
