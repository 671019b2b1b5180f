/** Behind the size and behind the data of a chunk. */
const CRLF_BYTES = 2
/** `0`, its line end and the empty line that ends the trailers. */
const LAST_CHUNK_BYTES = 5
/** A client that reads slower than the application writes keeps the queue from ever running empty. */
const MIN_TRIM_CHUNKS = 1024
/** Node counts strings that wait by characters; in UTF-8 one takes up to this many bytes. */
const MAX_BYTES_PER_CHARACTER = 3

/** What of a response never left this process. */
export interface Loss {
  /** Bytes of the body. */
  readonly body: number
  /** The head, or a part of it. */
  readonly head: boolean
}

/**
 * Lengths of the chunks that may still be waiting in this process, oldest first. Only they can be lost when a
 * connection breaks, and only by their lengths can body and framing be told apart in what was lost.
 */
export class ChunkLog {
  #lengths: number[] = []
  #trimAt = MIN_TRIM_CHUNKS

  /** @param waiting What was waiting before this chunk was written. */
  add(length: number, waiting: number): void {
    if (waiting === 0 && this.#lengths.length > 0) this.#lengths = []
    this.#lengths.push(length)
    if (this.#lengths.length >= this.#trimAt) this.#trim(waiting * MAX_BYTES_PER_CHARACTER + length)
  }

  /**
   * @param unsent Bytes that the kernel did not take, framing included.
   * @param trailer Length of the trailers; undefined if the response was not ended.
   */
  loss(unsent: number, trailer: number | undefined): Loss {
    let left = trailer === undefined ? unsent : unsent - LAST_CHUNK_BYTES - trailer
    let body = 0
    let chunks = this.#lengths.length
    while (chunks > 0 && left > 0) {
      const length = this.#lengths[--chunks]!
      left -= CRLF_BYTES
      body += Math.max(0, Math.min(left, length))
      left -= length + length.toString(16).length + CRLF_BYTES
    }
    return { body, head: left > 0 }
  }

  #trim(waiting: number): void {
    let kept = this.#lengths.length
    for (let bytes = 0; kept > 0 && bytes < waiting;) bytes += this.#lengths[--kept]!
    this.#lengths.splice(0, kept)
    this.#trimAt = Math.max(MIN_TRIM_CHUNKS, this.#lengths.length * 2)
  }
}
