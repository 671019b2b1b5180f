import type { Batch } from '../../src/delivery/batch.ts'

/** A batch of one event, as the transport sees it. */
export function batch(id: string = 'batch-1'): Batch {
  return { id, lines: ['{"method":"GET","path":"/","status_code":200}'] }
}
