/**
 * Nearest rank: the smallest value that at least `percent` of all values do not exceed. Always a value that
 * was measured, never one between two. 0 for no values.
 *
 * @param sorted Ascending.
 * @param percent A whole number: then `percent * length` is exact, where `percent / 100` would be a hair too high.
 */
export function percentile(sorted: ArrayLike<number>, percent: number): number {
  const rank = Math.ceil((percent * sorted.length) / 100)
  return sorted[Math.max(rank, 1) - 1] ?? 0
}

/**
 * Keeps up to `limit` values. As long as there are no more, percentiles are exact; beyond, each value ever added
 * has the same chance to be among those kept (Vitter's algorithm R), and percentiles are those of that sample.
 */
export class Sample {
  readonly #limit: number
  readonly #random: () => number
  readonly #values: number[] = []
  #added = 0

  constructor(limit: number, random: () => number = Math.random) {
    this.#limit = limit
    this.#random = random
  }

  get exact(): boolean {
    return this.#added === this.#values.length
  }

  add(value: number): void {
    this.#added++
    if (this.#values.length < this.#limit) {
      this.#values.push(value)
      return
    }
    const place = Math.floor(this.#random() * this.#added)
    if (place < this.#limit) this.#values[place] = value
  }

  sorted(): Float64Array {
    return Float64Array.from(this.#values).toSorted()
  }
}
