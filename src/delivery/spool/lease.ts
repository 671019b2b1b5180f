import type { BatchFile } from './batch-file.ts'
import type { Place } from './place.ts'

/** Keeps saying that the files this process holds have a living owner. */
export class Lease {
  readonly #place: Place
  readonly #leaseMs: number
  readonly #refreshMs: number
  readonly #held = new Set<BatchFile>()
  #timer: NodeJS.Timeout | undefined

  constructor(place: Place, leaseMs: number, refreshMs: number) {
    this.#place = place
    this.#leaseMs = leaseMs
    this.#refreshMs = refreshMs
  }

  hold(file: BatchFile): void {
    this.#held.add(file)
    this.#timer ??= setInterval(() => this.#refresh(), this.#refreshMs).unref()
  }

  release(file: BatchFile): void {
    this.#held.delete(file)
    if (this.#held.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  paths(): Set<string> {
    return new Set([...this.#held].map((file) => file.path))
  }

  /**
   * Whether a missing or doubtful file was taken over while this process was paused. A file that is missing though
   * its lease was fresh was deleted by somebody; its events are still ours. Doubt begins at half of the lease: others
   * count from the file's time, which was read some moment before ours, and a busy machine makes that moment long.
   */
  lost(file: BatchFile): boolean {
    return file.overdue(this.#leaseMs / 2) && !file.exists() && this.#place.exists()
  }

  #refresh(): void {
    try {
      const now = this.#place.fileSystemNow()
      for (const file of this.#held) touchQuietly(file, now)
    } catch {
      // A full or failing disk: the next write says so, and a lost lease costs duplicates at worst.
    }
  }
}

function touchQuietly(file: BatchFile, now: number): void {
  try {
    file.touch(now)
  } catch {
    // Taken over or deleted: noticed by whoever needs the file next.
  }
}
