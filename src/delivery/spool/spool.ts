import type { Batch } from '../batch.ts'

/** Why a batch could not be put on disk. */
export type Refusal = 'spool_full' | 'spool_unavailable'

/**
 * The disk, as the client sees it. A batch in memory may have a copy here that is this process's own (`journal`);
 * a published batch belongs to whichever process claims it first.
 */
export interface Spool {
  /** Brings the disk copies of batches in memory up to date. Synchronous: it also runs while the process dies. */
  journal(batches: readonly Batch[]): void
  /** Hands a batch over to the disk, for any process to deliver. Undefined when it is safely there. */
  publish(batch: Batch): Refusal | undefined
  /** The oldest batch that waits on disk, now this process's own; undefined when there is none. */
  claim(): Promise<Batch | undefined>
  /** The batch is dealt with: its copy on disk, if it has one, is removed. */
  forget(batch: Batch): void
}

/** No disk: `PEEKAPI_STORAGE_PATH=none`. */
export const noSpool: Spool = {
  journal: () => {},
  publish: () => 'spool_unavailable',
  claim: async () => undefined,
  forget: () => {},
}
