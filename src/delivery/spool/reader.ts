import type { FileHandle } from 'node:fs/promises'
import { eventFromProgram, fitted } from '../line.ts'
import { LineSplitter } from './lines.ts'

const CHUNK_BYTES = 65_536
/** About a millisecond of work; a line of another SDK can hold thousands of events. */
const EVENTS_PER_TURN = 250

export interface Flaws {
  /** Pieces that are no events. */
  corrupt: number
  /** Events over the limit of this process. */
  tooLarge: number
}

/**
 * Reads events back from disk, trusting nothing: what stands there may be torn, of another SDK or version,
 * or written by somebody else. Memory stays bounded whatever the file holds, and the event loop turns meanwhile.
 */
export class EventReader {
  readonly flaws: Flaws = { corrupt: 0, tooLarge: 0 }
  readonly #maxEventBytes: number
  readonly #take: (line: string) => void
  readonly #splitter = new LineSplitter()
  #stopped = false

  /** @param take Gets each event as the JSON text to be sent. */
  constructor(maxEventBytes: number, take: (line: string) => void) {
    this.#maxEventBytes = maxEventBytes
    this.#take = take
  }

  /** Reads on from where the handle stands, to the end of the file as it is now, or until `stop`. */
  async read(handle: FileHandle): Promise<void> {
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES)
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, CHUNK_BYTES, null)
      if (bytesRead === 0 || this.#stopped) return
      for (const line of this.#splitter.push(buffer.subarray(0, bytesRead))) await this.#takeLine(line)
    }
  }

  /** Takes what stands after the last line end. */
  async end(): Promise<void> {
    for (const line of this.#splitter.end()) await this.#takeLine(line)
    this.flaws.corrupt += this.#splitter.skipped
    this.#splitter.skipped = 0
  }

  stop(): void {
    this.#stopped = true
  }

  async #takeLine(line: string): Promise<void> {
    const value = parse(line)
    if (value === NOTHING) return
    // Other SDKs write a batch as one array.
    const events = Array.isArray(value) ? (value as unknown[]) : [value]
    for (const [index, event] of events.entries()) {
      if (this.#stopped) return
      if (index > 0 && index % EVENTS_PER_TURN === 0) await new Promise(setImmediate)
      this.#takeEvent(event)
    }
  }

  #takeEvent(value: unknown): void {
    const event = eventFromProgram(value)
    const line = event && fitted(JSON.stringify(event), this.#maxEventBytes)
    if (line !== undefined) this.#take(line)
    else if (event === undefined) this.flaws.corrupt++
    else this.flaws.tooLarge++
  }
}

const NOTHING = Symbol('nothing')

/** The value of a line; undefined when it is no JSON, `NOTHING` when it is blank. */
function parse(line: string): unknown {
  // A byte order mark at the head of a file; zeros where a power failure kept the length but not the content.
  const text = line.replace(/^[\ufeff\0]+/, '')
  if (text.trim() === '') return text === line ? NOTHING : undefined
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
