const NEWLINE = 0x0a
/** Other SDKs write a whole batch as one line; what is longer than this is no batch of theirs. */
export const MAX_LINE_BYTES: number = 4 * 1024 ** 2

/** Cuts a stream of bytes into lines, holding no more than one line of at most `MAX_LINE_BYTES`. */
export class LineSplitter {
  #parts: Buffer[] = []
  #bytes = 0
  #skipping = false
  /** Lines that were too long to be looked at. */
  skipped = 0

  /** The lines that this chunk completes, without their ends. */
  push(chunk: Buffer): string[] {
    const lines: string[] = []
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      this.#keep(chunk.subarray(start, end))
      this.#complete(lines)
      start = end + 1
    }
    // A copy: the chunk's memory is read into again.
    if (start < chunk.byteLength && !this.#skipping) this.#keep(Buffer.from(chunk.subarray(start)))
    return lines
  }

  /** What stands after the last line end, as a torn write leaves it. */
  end(): string[] {
    const lines: string[] = []
    if (this.#bytes > 0 || this.#skipping) this.#complete(lines)
    return lines
  }

  #keep(part: Buffer): void {
    if (this.#skipping) return
    this.#bytes += part.byteLength
    if (this.#bytes <= MAX_LINE_BYTES) {
      this.#parts.push(part)
      return
    }
    this.#skipping = true
    this.skipped++
    this.#parts = []
  }

  #complete(lines: string[]): void {
    if (!this.#skipping) lines.push(Buffer.concat(this.#parts, this.#bytes).toString())
    this.#parts = []
    this.#bytes = 0
    this.#skipping = false
  }
}
