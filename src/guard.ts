import { debug, warnOnce } from './log.ts'

/** One fault may be one odd request; this many in a minute mean that the place itself is wrong here. */
const MAX_FAULTS_PER_MINUTE = 20
const MINUTE_MS = 60_000

/**
 * Stands around one place of ours that the application can reach. The place does
 * `if (guard.active) try { … } catch (fault) { guard.fault(fault) }`: written out,
 * because a wrapper taking a function would allocate one closure per request.
 */
export class Guard {
  active = true
  readonly #place: string
  #faults = 0
  #since = 0

  constructor(place: string) {
    this.#place = place
  }

  /** Counts a fault of ours; after too many in a minute the place is switched off for good. Never throws. */
  fault(error: unknown): void {
    try {
      this.#count(error)
    } catch {
      // Not even the clock is as it was: applications and test tools replace globals.
      this.active = false
    }
  }

  #count(error: unknown): void {
    const now = performance.now()
    if (now - this.#since > MINUTE_MS) {
      this.#since = now
      this.#faults = 0
    }
    this.#faults++
    debug(() => `fault in ${this.#place}: ${describe(error)}`)
    if (this.#faults < MAX_FAULTS_PER_MINUTE || !this.active) return
    this.active = false
    warnOnce(
      `guard:${this.#place}`,
      `${this.#place} failed ${this.#faults} times within a minute and is switched off; the application is not affected. Last fault: ${describe(error)}`,
    )
  }
}

function describe(error: unknown): string {
  try {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  } catch {
    return 'a value that cannot be printed'
  }
}
