import { newBatchId, type Batch } from '../batch.ts'
import { BatchFile, NotAsWeLeftIt, textOf, type LineText } from './batch-file.ts'
import type { Capacity } from './capacity.ts'
import type { Lease } from './lease.ts'
import type { Place } from './place.ts'
import type { Refusal } from './spool.ts'

/** Thrown when there is no room; everything else that is thrown here is a fault of the disk. */
export class NoRoom extends Error {
  readonly refusal: Refusal

  constructor(refusal: Refusal) {
    super(refusal)
    this.refusal = refusal
  }
}

/**
 * Which batch of this process has which file, and the order of steps that loses nothing whenever the process dies.
 * All synchronous; what it throws leaves the batch as safe as it was.
 */
export class Journal {
  readonly #place: Place
  readonly #capacity: Capacity
  readonly #lease: Lease
  readonly #files = new Map<Batch, BatchFile>()
  /** Parts of a split batch whose own files are not written yet: the file of the whole stands for them. */
  readonly #parents = new Map<Batch, { readonly file: BatchFile; parts: number }>()

  constructor(place: Place, capacity: Capacity, lease: Lease) {
    this.#place = place
    this.#capacity = capacity
    this.#lease = lease
  }

  /** A batch found on disk. */
  add(batch: Batch, file: BatchFile): void {
    this.#files.set(batch, file)
  }

  /** Brings the file of a batch up to date. */
  write(batch: Batch): void {
    const file = this.#files.get(batch)
    if (file === undefined) this.#create(batch)
    else if (!this.#isCurrent(file, batch)) this.#append(file, batch)
    this.#leaveParent(batch)
  }

  /**
   * Makes sure that what travels under an id is what stands on disk under it: if another process ever delivers
   * that file, the endpoint takes it for a repetition. Undefined when another process delivers all of it already.
   */
  seal(batch: Batch): Batch | undefined {
    const file = this.#files.get(batch)
    if (file === undefined) return batch
    if (!file.adopted && this.#lease.lost(file)) file.adopted = true
    if (!file.adopted && !this.#isCurrent(file, batch)) this.#appendOrRemove(file, batch)
    if (!file.adopted) return batch
    this.#release(batch, file)
    return restOf(batch, file)
  }

  publish(batch: Batch): void {
    const file = this.#files.get(batch)
    if (file !== undefined) this.#publishFile(batch, file)
    else this.#writeNew(batch)
    this.#leaveParent(batch)
  }

  forget(batch: Batch): void {
    const file = this.#files.get(batch)
    if (file !== undefined) this.#drop(batch, file)
    this.#leaveParent(batch)
  }

  /** The parts of `whole` that are still to be sent stand for it from now on. */
  replace(whole: Batch, parts: readonly Batch[]): void {
    if (parts.length === 0) return this.forget(whole)
    const file = this.#files.get(whole)
    // Split a second time before its own file was written.
    const parent = file === undefined ? this.#parents.get(whole) : { file, parts: 1 }
    if (parent === undefined) return
    this.#files.delete(whole)
    this.#parents.delete(whole)
    parent.parts += parts.length - 1
    for (const part of parts) this.#parents.set(part, parent)
    for (const part of parts) this.write(part)
  }

  #create(batch: Batch): void {
    const file = this.#writeFile(batch, 'claim')
    this.#files.set(batch, file)
    this.#lease.hold(file)
  }

  #writeNew(batch: Batch): void {
    this.#writeFile(batch, 'new')
  }

  #writeFile({ id, lines }: Batch, state: 'claim' | 'new'): BatchFile {
    const added = textOf(lines)
    this.#reserve(added)
    try {
      return BatchFile.write(this.#place, state, id, added)
    } catch (fault) {
      this.#capacity.release(added.text.byteLength)
      throw fault
    }
  }

  #append(file: BatchFile, batch: Batch): void {
    const added = textOf(batch.lines.slice(file.lines))
    this.#reserve(added)
    try {
      file.append(added)
    } catch (fault) {
      this.#capacity.release(added.text.byteLength)
      if (!isMissing(fault) && !(fault instanceof NotAsWeLeftIt)) throw fault
      if (this.#lease.lost(file)) {
        file.adopted = true
        return
      }
      this.#drop(batch, file)
      this.#create(batch)
    }
  }

  /** A file that cannot be completed must not be left to claim the id for a part of the events. */
  #appendOrRemove(file: BatchFile, batch: Batch): void {
    try {
      this.#append(file, batch)
    } catch {
      this.#drop(batch, file)
    }
  }

  #publishFile(batch: Batch, file: BatchFile): void {
    if (file.damaged) return this.#rewrite(batch, file)
    if (!this.#isCurrent(file, batch)) this.#append(file, batch)
    // #append may have found it deleted, and written another.
    const current = this.#files.get(batch) ?? file
    if (!current.adopted) this.#rename(batch, current)
    const rest = current.adopted ? restOf(batch, current) : undefined
    if (rest !== undefined) this.#writeNew(rest)
    this.#release(batch, current)
  }

  #rename(batch: Batch, file: BatchFile): void {
    try {
      file.publish()
    } catch (fault) {
      if (!isMissing(fault)) throw fault
      if (this.#lease.lost(file)) file.adopted = true
      else this.#writeNew(batch)
    }
  }

  #rewrite(batch: Batch, file: BatchFile): void {
    this.#writeNew(batch)
    this.#drop(batch, file)
  }

  #leaveParent(part: Batch): void {
    const parent = this.#parents.get(part)
    if (parent === undefined) return
    this.#parents.delete(part)
    if (--parent.parts === 0) this.#remove(parent.file)
  }

  #drop(batch: Batch, file: BatchFile): void {
    this.#files.delete(batch)
    this.#remove(file)
  }

  #remove(file: BatchFile): void {
    this.#lease.release(file)
    try {
      file.remove()
      this.#capacity.release(file.bytes)
    } catch (fault) {
      // Adopted while we were paused, or deleted.
      if (!isMissing(fault)) throw fault
    }
  }

  #release(batch: Batch, file: BatchFile): void {
    this.#files.delete(batch)
    this.#lease.release(file)
  }

  #reserve({ text }: LineText): void {
    const refusal = this.#capacity.reserve(text.byteLength)
    if (refusal !== undefined) throw new NoRoom(refusal)
  }

  #isCurrent(file: BatchFile, batch: Batch): boolean {
    return file.adopted || file.lines === batch.lines.length
  }
}

/** What another process did not get with the file that it adopted; under an id of its own. */
function restOf(batch: Batch, { lines }: BatchFile): Batch | undefined {
  return lines === batch.lines.length ? undefined : { id: newBatchId(), lines: batch.lines.slice(lines) }
}

export function isMissing(fault: unknown): boolean {
  return (fault as NodeJS.ErrnoException).code === 'ENOENT'
}
