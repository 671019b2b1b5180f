import { builtin } from '../builtin.ts'

const ID_BYTES = 12

/** Events that travel together. Each is kept as the JSON text that will be sent. */
export interface Batch {
  /** Sent as `idempotency-key`: stable over retries, restarts and adoption by another process. */
  readonly id: string
  readonly lines: readonly string[]
}

export function newBatchId(): string {
  const { randomBytes } = builtin<typeof import('node:crypto')>('node:crypto')
  return randomBytes(ID_BYTES).toString('hex')
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
