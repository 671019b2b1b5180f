import type { FileHandle } from 'node:fs/promises'
import { builtin } from '../../builtin.ts'
import type { Batch } from '../batch.ts'
import { EventReader, type Flaws } from './reader.ts'

/** Events of a default batch at their default limit would be more; a request should not. */
const MAX_SLICE_BYTES = 1024 ** 2

export interface ImportOptions {
  readonly batchSize: number
  readonly maxEventBytes: number
  /** Puts a batch on disk; throws if it cannot. */
  readonly write: (batch: Batch) => void
  /** Takes the imported file away. */
  readonly remove: () => void
}

/**
 * Turns a file that is no single batch, as other SDKs leave it, into batches on disk.
 *
 * A writer of another SDK may have opened the file just before it was claimed, and append to it now. So the events
 * are safe first, then the file goes, then what was appended meanwhile is read through the handle that is still open.
 */
export async function importFile(handle: FileHandle, options: ImportOptions): Promise<Flaws> {
  const slices = new Slices(options)
  const reader = new EventReader(options.maxEventBytes, (line) => slices.add(line))
  await reader.read(handle)
  slices.flush()
  options.remove()
  await reader.read(handle)
  await reader.end()
  slices.flush()
  return reader.flaws
}

class Slices {
  readonly #options: ImportOptions
  #lines: string[] = []
  #bytes = 0

  constructor(options: ImportOptions) {
    this.#options = options
  }

  add(line: string): void {
    this.#lines.push(line)
    this.#bytes += line.length
    if (this.#lines.length >= this.#options.batchSize || this.#bytes >= MAX_SLICE_BYTES) this.flush()
  }

  flush(): void {
    if (this.#lines.length === 0) return
    const lines = this.#lines
    this.#lines = []
    this.#bytes = 0
    this.#options.write({ id: idOf(lines), lines })
  }
}

/** By content: an import that a crash interrupted gives the same batches the same ids when it is done again. */
function idOf(lines: readonly string[]): string {
  const { createHash } = builtin<typeof import('node:crypto')>('node:crypto')
  return createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, 24)
}
