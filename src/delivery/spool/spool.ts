import type { Batch } from '../batch.ts'

/** Why a batch could not be put on disk. */
export type Refusal = 'spool_full' | 'spool_unavailable'

/**
 * The disk, as the client sees it. A batch in memory may have a copy here that is this process's own (`journal`);
 * a published batch belongs to whichever process claims it first. All but `claim` is synchronous: it also runs
 * while the process dies. Nothing here throws.
 */
export interface Spool {
  /** Brings the disk copies of batches in memory up to date. What does not fit stays in memory only. */
  journal(batches: readonly Batch[]): void
  /**
   * To be called before a batch is sent, the first time and again: what travels under an id must be what is on disk
   * under it. Gives the batch to send: as a rule the same. After a pause in which another process took its file
   * over it is only the events that were not in that file, or undefined if all of them were; the others are
   * on disk, in other hands.
   */
  seal(batch: Batch): Batch | undefined
  /** Hands a batch over to the disk, for any process to deliver. Undefined when it is safely there. */
  publish(batch: Batch): Refusal | undefined
  /** The process is about to end: a disk that failed a moment ago gets one more chance. */
  insist(): void
  /** The oldest batch that waits on disk, now this process's own; undefined when there is none. */
  claim(): Promise<Batch | undefined>
  /** The batch is dealt with: its copy on disk, if it has one, is removed. */
  forget(batch: Batch): void
  /** Of a batch that was split only these parts are left to be sent; none: as `forget`. */
  replace(parent: Batch, parts: readonly Batch[]): void
}

/** No disk: `PEEKAPI_STORAGE_PATH=none`. */
export const noSpool: Spool = {
  journal: () => {},
  seal: (batch) => batch,
  publish: () => 'spool_unavailable',
  insist: () => {},
  claim: async () => undefined,
  forget: () => {},
  replace: () => {},
}
