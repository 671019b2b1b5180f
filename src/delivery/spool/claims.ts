import { lstatSync, renameSync, utimesSync, type Stats } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { debug } from '../../log.ts'
import type { Batch } from '../batch.ts'
import type { DiskAccount } from './account.ts'
import { BatchFile } from './batch-file.ts'
import type { Capacity } from './capacity.ts'
import { importFile } from './import.ts'
import type { Lease } from './lease.ts'
import { LEGACY_ID, type FileName } from './names.ts'
import type { Place } from './place.ts'
import { EventReader, FLAW_REASONS, type Flaws } from './reader.ts'
import { flawOf, openForReading } from './safe-open.ts'
import { Survey } from './survey.ts'

/** More events or text than any batch of ours: not read in one piece. */
const MAX_EVENTS = 10_000
const MAX_BYTES = 8 * 1024 ** 2
/** A disk may recover; a file that fails this often is set aside. */
const MAX_READ_ATTEMPTS = 3
const MS_PER_SECOND = 1000

export interface ClaimedBatch {
  readonly batch: Batch
  readonly file: BatchFile
}

export interface ClaimsParts {
  readonly place: Place
  readonly capacity: Capacity
  readonly lease: Lease
  readonly account: DiskAccount
  readonly survey: Survey
  readonly batchSize: number
  readonly maxEventBytes: number
}

/** Takes batches from the disk: those that wait for anybody, and those whose owner is gone. */
export class Claims {
  readonly #parts: ClaimsParts
  readonly #failedReads = new Map<string, number>()

  constructor(parts: ClaimsParts) {
    this.#parts = parts
  }

  /** The oldest batch that can be had. Files without a usable event are dealt with on the way. */
  async next(): Promise<ClaimedBatch | undefined> {
    const { survey } = this.#parts
    const candidates = await survey.candidates()
    for (const name of candidates) {
      const file = this.#take(name)
      const claimed = file && (await this.#read(name, file))
      if (claimed === 'imported') return this.next()
      if (claimed !== undefined) return claimed
    }
    return undefined
  }

  /** Renames a file to our own; undefined if another process was faster, or if it cannot be trusted. */
  #take(name: FileName): BatchFile | undefined {
    const { place, lease, survey } = this.#parts
    const path = place.path(name)
    const stats = lstatSync(path, { throwIfNoEntry: false })
    if (stats === undefined || !isUsable(path, stats)) return undefined
    const own: FileName = { ...name, state: 'claim', owner: place.owner }
    try {
      // First: a claim that looks old would be taken from us at once.
      const now = survey.now() / MS_PER_SECOND
      utimesSync(path, now, now)
      renameSync(path, place.path(own))
    } catch (fault) {
      debug(() => `could not claim ${path}: ${String(fault)}`)
      return undefined
    }
    const file = BatchFile.claimed(place, own, stats.size, stats.mtimeMs)
    lease.hold(file)
    return file
  }

  async #read(name: FileName, file: BatchFile): Promise<ClaimedBatch | 'imported' | undefined> {
    let handle: FileHandle | undefined
    try {
      handle = await openForReading(file.path)
      return (
        (name.id === LEGACY_ID ? undefined : await this.#readBatch(name, file, handle)) ??
        (await this.#import(file))
      )
    } catch (fault) {
      this.#parts.lease.release(file)
      this.#readFailed(name, file, fault)
      return undefined
    } finally {
      await handle?.close()
    }
  }
}
