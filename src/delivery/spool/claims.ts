import { lstatSync, renameSync, utimesSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { debug } from '../../log.ts'
import type { Batch } from '../batch.ts'
import type { DiskAccount } from './account.ts'
import { BatchFile, textOf } from './batch-file.ts'
import type { Capacity } from './capacity.ts'
import { Import } from './import.ts'
import { NoRoom } from './journal.ts'
import type { Lease } from './lease.ts'
import { LEGACY_ID, type FileName } from './names.ts'
import type { Place } from './place.ts'
import { EventReader, type Flaws } from './reader.ts'
import { flawOf, openForReading } from './safe-open.ts'
import type { Survey } from './survey.ts'

/** More events or text than any batch of ours: not taken into memory in one piece. */
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
    for (const name of await this.#parts.survey.candidates()) {
      const file = this.#take(name)
      const content = file && (await this.#readOrSetAside(name, file))
      if (content === 'imported') return this.next()
      if (content !== undefined) return content
    }
    return undefined
  }

  /** Renames a file to our own; undefined if another process was faster, or if it is not to be touched. */
  #take(name: FileName): BatchFile | undefined {
    const { place, lease, survey } = this.#parts
    const path = place.path(name)
    const stats = lstatSync(path, { throwIfNoEntry: false })
    if (stats === undefined || flawOf(stats) !== undefined || survey.expire(name, stats.mtimeMs))
      return undefined
    const own: FileName = { ...name, state: 'claim', owner: place.owner }
    try {
      // First: a claim that looks old would be taken from us at once.
      utimesSync(path, survey.now() / MS_PER_SECOND, survey.now() / MS_PER_SECOND)
      renameSync(path, place.path(own))
    } catch (fault) {
      debug(() => `did not claim ${path}: ${String(fault)}`)
      return undefined
    }
    const file = BatchFile.claimed(place, own, stats.size, stats.mtimeMs)
    lease.hold(file)
    return file
  }

  async #readOrSetAside(name: FileName, file: BatchFile): Promise<ClaimedBatch | 'imported' | undefined> {
    try {
      return await this.#read(name, file)
    } catch (fault) {
      debug(() => `could not read ${file.path}: ${String(fault)}`)
      // Held no longer, so it is found again by the next survey.
      this.#parts.lease.release(file)
      if (fault instanceof NoRoom || this.#failures(name) < MAX_READ_ATTEMPTS) return undefined
      setAsideQuietly(file)
      return undefined
    }
  }

  async #read(name: FileName, file: BatchFile): Promise<ClaimedBatch | 'imported' | undefined> {
    const handle = await openForReading(file.path)
    try {
      const content = name.id === LEGACY_ID ? undefined : await this.#readBatch(handle)
      if (content !== undefined) return this.#claimed(name, file, content)
    } finally {
      await handle.close()
    }
    await this.#import(file)
    return 'imported'
  }

  /** All events of a file; undefined if they are too many for one batch. */
  async #readBatch(
    handle: FileHandle,
  ): Promise<{ readonly lines: string[]; readonly flaws: Flaws } | undefined> {
    const lines: string[] = []
    let bytes = 0
    const reader = new EventReader(this.#parts.maxEventBytes, (line) => {
      lines.push(line)
      bytes += line.length
      if (isTooMuch()) reader.stop()
    })
    const isTooMuch = (): boolean => lines.length > MAX_EVENTS || bytes > MAX_BYTES
    await reader.read(handle)
    await reader.end()
    return isTooMuch() ? undefined : { lines, flaws: reader.flaws }
  }

  #claimed(
    name: FileName,
    file: BatchFile,
    { lines, flaws }: { readonly lines: string[]; readonly flaws: Flaws },
  ): ClaimedBatch | undefined {
    // Lines that a broken disk swallowed whole are missing from the count in the name only.
    const missing = (name.count ?? 0) - lines.length - flaws.tooLarge
    this.#book({ ...flaws, corrupt: Math.max(flaws.corrupt, missing) })
    file.read(lines.length, flaws.corrupt + flaws.tooLarge > 0)
    if (lines.length > 0) return { batch: { id: name.id, lines }, file }
    this.#remove(file)
    return undefined
  }

  async #import(file: BatchFile): Promise<void> {
    const { place, capacity, batchSize, maxEventBytes } = this.#parts
    const { bytes } = file
    const importing = new Import({
      batchSize,
      maxEventBytes,
      write: ({ id, lines }) => {
        const content = textOf(lines)
        const refusal = capacity.reserve(content.text.byteLength, bytes)
        if (refusal !== undefined) throw new NoRoom(refusal)
        return BatchFile.write(place, 'new', id, content)
      },
      remove: () => this.#remove(file),
    })
    this.#book(await importing.run(file.path))
  }

  #book(flaws: Flaws): void {
    const { account } = this.#parts
    if (flaws.corrupt > 0) account.vanished('corrupt', flaws.corrupt)
    if (flaws.tooLarge > 0) account.vanished('too_large', flaws.tooLarge)
  }

  #remove(file: BatchFile): void {
    this.#parts.lease.release(file)
    file.remove()
    this.#parts.capacity.release(file.bytes)
  }

  #failures({ time, id }: FileName): number {
    const failures = (this.#failedReads.get(`${time}.${id}`) ?? 0) + 1
    this.#failedReads.set(`${time}.${id}`, failures)
    return failures
  }
}

function setAsideQuietly(file: BatchFile): void {
  try {
    file.setAside()
  } catch {
    // Gone, or on a disk that takes no change: it is met again with the next survey.
  }
}
