import { debug, warnOnce } from '../../log.ts'
import type { Batch } from '../batch.ts'
import type { Ledger } from '../ledger.ts'
import { DiskAccount } from './account.ts'
import { Capacity } from './capacity.ts'
import { Claims } from './claims.ts'
import { defaultLocation, locationAt, secure, type Location } from './directory.ts'
import { isMissing, Journal, NoRoom } from './journal.ts'
import { Lease } from './lease.ts'
import { newOwner } from './owner.ts'
import { Place } from './place.ts'
import type { Refusal, Spool } from './spool.ts'
import { Survey, type SurveyLimits } from './survey.ts'

export interface DiskSpoolOptions {
  /** Undefined: a private directory under the system's temp directory. */
  readonly storagePath: string | undefined
  /** Name the private directory together with the key; neither is written anywhere. */
  readonly endpoint: string
  readonly apiKey: string
  readonly maxStorageBytes: number
  readonly maxEventBytes: number
  /** Events in a batch that is made of another SDK's file. */
  readonly batchSize: number
  readonly ledger: Pick<Ledger, 'drop' | 'spooled'>
  /** Told of faults of the disk. */
  readonly onError?: (error: Error) => void
  /** For tests that cannot wait. */
  readonly timing?: Partial<SpoolTiming>
}

export interface SpoolTiming extends SurveyLimits {
  /** Often enough that a lease survives several missed renewals. */
  readonly refreshMs: number
  /** Between attempts to use a disk that failed. */
  readonly retryMs: number
}

const TIMING: SpoolTiming = {
  leaseMs: 60_000,
  refreshMs: 10_000,
  retryMs: 3000,
  maxAgeMs: 7 * 24 * 3_600_000,
  legacyRestMs: 600_000,
}

/** The parts that exist once the directory is known to be safe. */
interface Disk {
  readonly location: Location
  readonly journal: Journal
  readonly claims: Claims
}

/** Files as the spool: see `Spool` for what each call means. A disk that fails is left alone for a while. */
export class DiskSpool implements Spool {
  readonly #options: DiskSpoolOptions
  readonly #timing: SpoolTiming
  #disk: Disk | undefined
  #retryAt = 0
  #failing = false
  #claiming = false

  constructor(options: DiskSpoolOptions) {
    this.#options = options
    this.#timing = { ...TIMING, ...options.timing }
  }

  journal(batches: readonly Batch[]): void {
    if (batches.length === 0) return
    this.#write(({ journal }) => {
      for (const batch of batches) journal.write(batch)
    })
  }

  publish(batch: Batch): Refusal | undefined {
    return this.#write(({ journal }) => journal.publish(batch))
  }

  seal(batch: Batch): Batch | undefined {
    if (this.#disk === undefined) return batch
    try {
      return this.#disk.journal.seal(batch)
    } catch (fault) {
      this.#failed(fault)
      return batch
    }
  }

  insist(): void {
    this.#retryAt = 0
  }

  forget(batch: Batch): void {
    this.#settle(({ journal }) => journal.forget(batch))
  }

  replace(parent: Batch, parts: readonly Batch[]): void {
    this.#settle(({ journal }) => journal.replace(parent, parts))
  }

  async claim(): Promise<Batch | undefined> {
    if (this.#claiming || (this.#disk === undefined && performance.now() < this.#retryAt)) return undefined
    this.#claiming = true
    try {
      const { journal, claims } = this.#open()
      const claimed = await claims.next()
      if (claimed !== undefined) journal.add(claimed.batch, claimed.file)
      return claimed?.batch
    } catch (fault) {
      // Without its directory there is nothing to claim; the next write makes it again.
      if (!isMissing(fault)) this.#failed(fault)
      return undefined
    } finally {
      this.#claiming = false
    }
  }

  #write(action: (disk: Disk) => void): Refusal | undefined {
    if (performance.now() < this.#retryAt) return 'spool_unavailable'
    try {
      this.#onDisk(action)
      if (this.#failing) debug(() => 'the spool can be used again')
      this.#failing = false
      return undefined
    } catch (fault) {
      if (fault instanceof NoRoom) return this.#refused(fault)
      this.#failed(fault)
      return 'spool_unavailable'
    }
  }

  /** Files of batches that are dealt with go even while nothing can be written. */
  #settle(action: (disk: Disk) => void): void {
    if (this.#disk === undefined) return
    try {
      action(this.#disk)
    } catch (fault) {
      if (!(fault instanceof NoRoom)) this.#failed(fault)
    }
  }

  #onDisk(action: (disk: Disk) => void): void {
    const disk = this.#open()
    try {
      action(disk)
    } catch (fault) {
      if (!isMissing(fault)) throw fault
      // Somebody deleted the directory.
      secure(disk.location)
      action(disk)
    }
  }

  #open(): Disk {
    if (this.#disk !== undefined) return this.#disk
    const { storagePath, endpoint, apiKey, maxStorageBytes, ledger } = this.#options
    const location = storagePath === undefined ? defaultLocation(endpoint, apiKey) : locationAt(storagePath)
    secure(location)
    const place = new Place(location, newOwner())
    const account = new DiskAccount(ledger)
    const capacity = new Capacity(place, maxStorageBytes, account)
    const lease = new Lease(place, this.#timing.leaseMs, this.#timing.refreshMs)
    const survey = new Survey(place, lease, account, this.#timing)
    const claims = new Claims({ ...this.#options, place, capacity, lease, account, survey })
    return (this.#disk = { location, claims, journal: new Journal(place, capacity, lease) })
  }

  #refused({ refusal }: NoRoom): Refusal {
    if (refusal === 'spool_unavailable') this.#failed(new Error('the file system is almost full'))
    return refusal
  }

  #failed(fault: unknown): void {
    this.#failing = true
    this.#retryAt = performance.now() + this.#timing.retryMs
    const { code, message } = fault as NodeJS.ErrnoException
    debug(() => `spool: ${message}`)
    this.#options.onError?.(fault as Error)
    warnOnce(
      `spool ${code}`,
      `cannot keep events on disk (${message}); they stay in memory, and it is tried again. PEEKAPI_STORAGE_PATH names another place, or none`,
    )
  }
}
