/** Bounds how many different paths are reported; those already seen stay welcome. */
export class DistinctPaths {
  readonly #limit: number
  readonly #windowMs: number
  readonly #now: () => number
  #seen = new Set<string>()
  #since: number

  /**
   * @param limit Paths that may be reported.
   * @param windowMs After this time all is forgotten; Infinity: never.
   * @param now Monotonic milliseconds: a wall clock that is set back would stretch the window.
   */
  constructor(limit: number, windowMs: number, now: () => number) {
    this.#limit = limit
    this.#windowMs = windowMs
    this.#now = now
    this.#since = now()
  }

  admits(path: string): boolean {
    const now = this.#now()
    if (now - this.#since >= this.#windowMs) {
      this.#since = now
      this.#seen = new Set()
    }
    if (this.#seen.has(path)) return true
    if (this.#seen.size >= this.#limit) return false
    this.#seen.add(unshared(path))
    return true
  }
}

/** A slice keeps the whole string it was cut from alive: here the URL with its query, for as long as the process lives. */
function unshared(text: string): string {
  return Buffer.from(text, 'utf16le').toString('utf16le')
}
