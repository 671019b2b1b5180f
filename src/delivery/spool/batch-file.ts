import { closeSync, ftruncateSync, renameSync, statSync, unlinkSync, utimesSync, writeSync } from 'node:fs'
import type { FileName, FileState } from './names.ts'
import type { Place } from './place.ts'
import { create, openForAppend } from './safe-open.ts'

const MS_PER_SECOND = 1000

/** One batch on disk, held by this process: an event per line. Every method is synchronous and throws what the system says. */
export class BatchFile {
  readonly #place: Place
  #name: FileName
  /** Lines of the batch that are in it. */
  lines: number
  #bytes: number
  /** Has lines that are no events: what goes back to the disk is written anew, or they would be counted twice. */
  damaged = false
  /** Another process has taken it over, and delivers the lines that are in it. */
  adopted = false
  /** Age of a file that was found on disk, by the file system's clock: it does not grow younger while it is held. */
  readonly #bornMs: number | undefined
  /** Last moment at which it was certainly ours: monotonic, and by the wall clock, which counts while a machine sleeps. */
  #heldAt = performance.now()
  #heldAtWall = Date.now()

  private constructor(place: Place, name: FileName, lines: number, bytes: number, bornMs?: number) {
    this.#place = place
    this.#name = name
    this.lines = lines
    this.#bytes = bytes
    this.#bornMs = bornMs
  }

  /** Writes a file in full under a name that promises nothing, then gives it its true one. */
  static write(place: Place, state: FileState, id: string, { text, lines }: LineText): BatchFile {
    const name = place.newName('tmp', id, lines)
    const path = place.path(name)
    const descriptor = create(path)
    try {
      writeAll(descriptor, text)
    } catch (fault) {
      removeQuietly(path)
      throw fault
    } finally {
      closeSync(descriptor)
    }
    const file = new BatchFile(place, name, lines, text.byteLength)
    try {
      file.#move({ ...name, state, count: state === 'claim' ? undefined : lines })
    } catch (fault) {
      removeQuietly(path)
      throw fault
    }
    return file
  }

  /** A file that this process has just claimed. */
  static claimed(place: Place, name: FileName, bytes: number, bornMs: number): BatchFile {
    return new BatchFile(place, name, 0, bytes, bornMs)
  }

  get path(): string {
    return this.#place.path(this.#name)
  }

  get bytes(): number {
    return this.#bytes
  }

  /** @param damaged Whether it also has lines that are no events. */
  read(lines: number, damaged: boolean): void {
    this.lines = lines
    this.damaged = damaged
  }

  /** Nobody tries to read it again. */
  setAside(): void {
    this.#move({ ...this.#name, state: 'bad' })
  }

  /** Adds lines behind those that are in it. After a fault it is as before, or it no longer fits what we know of it. */
  append({ text, lines }: LineText): void {
    const { descriptor, size } = openForAppend(this.path)
    try {
      if (size !== this.#bytes)
        throw new NotAsWeLeftIt(`${this.path} has ${size} bytes instead of ${this.#bytes}`)
      writeAll(descriptor, text)
    } catch (fault) {
      // A half line would take the next one with it.
      if (!(fault instanceof NotAsWeLeftIt)) ftruncateSync(descriptor, this.#bytes)
      throw fault
    } finally {
      closeSync(descriptor)
    }
    this.lines += lines
    this.#bytes += text.byteLength
    this.#held()
  }

  /** Lets go of it: from here on it belongs to whoever claims it. */
  publish(): void {
    this.#move({ ...this.#name, state: 'new', count: this.lines })
    if (this.#bornMs === undefined) return
    try {
      utimesSync(this.path, this.#bornMs / MS_PER_SECOND, this.#bornMs / MS_PER_SECOND)
    } catch {
      // Claimed already, or the disk is failing: it only looks younger than it is.
    }
  }

  remove(): void {
    unlinkSync(this.path)
  }

  exists(): boolean {
    return statSync(this.path, { throwIfNoEntry: false }) !== undefined
  }

  /** Renews our hold on it. */
  touch(fileSystemNowMs: number): void {
    utimesSync(this.path, fileSystemNowMs / MS_PER_SECOND, fileSystemNowMs / MS_PER_SECOND)
    this.#held()
  }

  /** Whether it went unrenewed for so long that another process may have taken it over. */
  overdue(leaseMs: number): boolean {
    return performance.now() - this.#heldAt > leaseMs || Date.now() - this.#heldAtWall > leaseMs
  }

  #held(): void {
    this.#heldAt = performance.now()
    this.#heldAtWall = Date.now()
  }

  #move(name: FileName): void {
    renameSync(this.path, this.#place.path(name))
    this.#name = name
  }
}

/** The file was changed by somebody else, or a broken write could not be cut off. */
export class NotAsWeLeftIt extends Error {
  readonly code = 'ECHANGED'
}

/** Lines as they stand in a file. */
export interface LineText {
  readonly text: Buffer
  readonly lines: number
}

export function textOf(lines: readonly string[]): LineText {
  return { text: Buffer.from(`${lines.join('\n')}\n`), lines: lines.length }
}

/** A full disk answers with a short count first and with an error only to the next write. */
function writeAll(descriptor: number, text: Buffer): void {
  for (let done = 0; done < text.byteLength;) done += writeSync(descriptor, text, done)
}

export function removeQuietly(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // Gone, or out of our reach: garbage at worst, which the next process removes.
  }
}
