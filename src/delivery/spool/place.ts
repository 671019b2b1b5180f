import { closeSync, existsSync, fstatSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { Location } from './directory.ts'
import { formatName, timeOf, type FileName, type FileState } from './names.ts'
import { create } from './safe-open.ts'

/** A secured location, and who we are there: names and paths of our files. */
export class Place {
  readonly location: Location
  readonly owner: string
  #lastTime = 0
  #probes = 0

  constructor(location: Location, owner: string) {
    this.location = location
    this.owner = owner
  }

  /** Where another SDK keeps its file. */
  get legacyPath(): string {
    return join(this.location.directory, this.location.base)
  }

  exists(): boolean {
    return existsSync(this.location.directory)
  }

  path(name: FileName): string {
    return join(this.location.directory, formatName(this.location.base, name))
  }

  /** A name of ours that no file has had: not even two batches of the same millisecond share a time. */
  newName(state: FileState, id: string, count: number | undefined): FileName {
    this.#lastTime = Math.max(this.#lastTime + 1, Date.now())
    return { state, owner: this.owner, time: timeOf(this.#lastTime), id, count }
  }

  /**
   * The time as the file system tells it, in milliseconds since 1970. Ages of files are only compared with this:
   * the disk may be another machine's, with a clock of its own.
   */
  fileSystemNow(): number {
    const path = this.path(this.newName('tmp', `probe${this.#probes++}`, 0))
    const descriptor = create(path)
    try {
      return fstatSync(descriptor).mtimeMs
    } finally {
      closeSync(descriptor)
      unlinkSync(path)
    }
  }
}
