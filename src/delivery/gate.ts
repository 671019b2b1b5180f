const FIRST_DELAY_MS = 1000
const MAX_DELAY_MS = 60_000
const MIN_DELAY_MS = 250
/** A refused key or account changes when a person changes it. */
const HOLD_PROBE_MS = 300_000
/** From this many failures in a row on, batches go to disk. */
export const FAILURES_UNTIL_DISK = 5
/** Half the sockets of the agent would do; two let one slow answer overlap with the next request. */
const HEALTHY_REQUESTS = 2

/** Full jitter: any delay up to the exponential bound, so that a fleet does not come back in step. */
export function backoffMs(failures: number, random: number, retryAfterMs: number = 0): number {
  const bound = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.max(0, failures - 1))
  return Math.max(MIN_DELAY_MS, retryAfterMs, random * bound)
}

/**
 * The one gate in front of the endpoint. Closed after a failure, it lets a single probe through when its
 * time has come, and opens when that succeeds. Times are monotonic: a clock set back must not stop delivery.
 */
export class Gate {
  #failures = 0
  #opensAt = 0
  #probing = false
  readonly #now: () => number
  readonly #random: () => number

  constructor(now: () => number = () => performance.now(), random: () => number = Math.random) {
    this.#now = now
    this.#random = random
  }

  get failures(): number {
    return this.#failures
  }

  /** Whether the outage has lasted so long that memory is no place to wait. */
  get lasting(): boolean {
    return this.#failures >= FAILURES_UNTIL_DISK
  }

  get healthy(): boolean {
    return this.#failures === 0
  }

  /** Milliseconds until a request may start; 0 if one may start now. */
  waitMs(): number {
    return this.healthy ? 0 : Math.max(0, this.#opensAt - this.#now())
  }

  /** Takes permission for one request, or refuses it. */
  admits(inFlight: number): boolean {
    if (this.healthy) return inFlight < HEALTHY_REQUESTS
    if (this.#probing || inFlight > 0 || this.waitMs() > 0) return false
    this.#probing = true
    return true
  }

  /** Gives back a permission that was not used. */
  withdraw(): void {
    this.#probing = false
  }

  succeeded(): void {
    this.#failures = 0
    this.#probing = false
  }

  failed(retryAfterMs: number | undefined): void {
    // A second request that fails while the gate is closed already is the same outage.
    const first = this.healthy || this.#probing
    this.#probing = false
    if (first) this.#failures++
    this.#close(backoffMs(this.#failures, this.#random(), retryAfterMs))
  }

  hold(): void {
    this.#probing = false
    this.#failures = Math.max(this.#failures + 1, FAILURES_UNTIL_DISK)
    this.#close(HOLD_PROBE_MS)
  }

  #close(ms: number): void {
    this.#opensAt = Math.max(this.healthy ? 0 : this.#opensAt, this.#now() + ms)
  }
}
