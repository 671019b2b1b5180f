import { builtin } from '../../builtin.ts'
import type { Batch } from '../batch.ts'
import type { BatchFile } from './batch-file.ts'
import { EventReader, type Flaws } from './reader.ts'
import { openForReading } from './safe-open.ts'

/** A default batch of events at their default limit would be more than a request should carry. */
const MAX_SLICE_BYTES = 1024 ** 2

export interface ImportOptions {
  readonly batchSize: number
  readonly maxEventBytes: number
  /** Puts a batch on disk, for any process to deliver; throws if it cannot. */
  readonly write: (batch: Batch) => BatchFile
  /** Takes the imported file away. */
  readonly remove: () => void
}

/** Turns a file that is not a single batch, as other SDKs leave it, into batches on disk. */
export class Import {
  readonly #options: ImportOptions
  #written: BatchFile[] = []
  #lines: string[] = []
  #bytes = 0

  constructor(options: ImportOptions) {
    this.#options = options
  }

  /**
   * A writer of another SDK may have opened the file just before it was claimed, and append to it now. So the events
   * are made safe, then the file goes, then what was appended meanwhile is read through the handle that is still open.
   */
  async run(path: string): Promise<Flaws> {
    const handle = await openForReading(path)
    try {
      const reader = new EventReader(this.#options.maxEventBytes, (line) => this.#add(line))
      await reader.read(handle)
      this.#flush()
      this.#options.remove()
      this.#written = []
      await reader.read(handle)
      await reader.end()
      this.#flush()
      return reader.flaws
    } catch (fault) {
      this.#undo()
      throw fault
    } finally {
      await handle.close()
    }
  }

  #add(line: string): void {
    this.#lines.push(line)
    this.#bytes += line.length
    if (this.#lines.length >= this.#options.batchSize || this.#bytes >= MAX_SLICE_BYTES) this.#flush()
  }

  #flush(): void {
    if (this.#lines.length === 0) return
    const lines = this.#lines
    this.#lines = []
    this.#bytes = 0
    this.#written.push(this.#options.write({ id: idOf(lines), lines }))
  }

  /** The file stays and will be imported again: what it already became must not be delivered beside it. */
  #undo(): void {
    for (const file of this.#written) {
      try {
        file.remove()
      } catch {
        // Claimed by another process meanwhile; the next import gives the same events the same id.
      }
    }
  }
}

/** By content: an import that is done again gives the same batches the same ids. */
function idOf(lines: readonly string[]): string {
  const { createHash } = builtin<typeof import('node:crypto')>('node:crypto')
  return createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, 24)
}
