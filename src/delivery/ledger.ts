import type { DropReason, Stats } from '../types/client.ts'

/** Where events are that this process still answers for. */
export interface Holdings {
  readonly buffered: number
  readonly inFlight: number
}

/**
 * Counts what happens to events. The equation that every end-to-end test asserts:
 * `captured = delivered + (sum of dropped) + buffered + inFlight + spooled`.
 */
export class Ledger {
  captured = 0
  delivered = 0
  retried = 0
  ignored = 0
  malformed = 0
  /** Put on disk less taken from there; below zero in a process that delivers what others left. */
  spooled = 0
  readonly #dropped: Record<DropReason, number> = {
    buffer_full: 0,
    too_large: 0,
    rejected: 0,
    spool_full: 0,
    spool_unavailable: 0,
    corrupt: 0,
    expired: 0,
  }

  drop(reason: DropReason, events: number): void {
    this.#dropped[reason] += events
  }

  stats({ buffered, inFlight }: Holdings): Stats {
    return {
      captured: this.captured,
      delivered: this.delivered,
      dropped: { ...this.#dropped },
      buffered,
      inFlight,
      spooled: this.spooled,
      retried: this.retried,
      ignored: this.ignored,
      malformed: this.malformed,
    }
  }
}

/** One line for a person, dropped reasons only where something was dropped. */
export function ledgerLine(stats: Stats): string {
  const dropped = Object.entries(stats.dropped)
    .filter(([, events]) => events > 0)
    .map(([reason, events]) => ` dropped.${reason}=${events}`)
  const { captured, delivered, buffered, inFlight, spooled, retried, ignored, malformed } = stats
  return `ledger captured=${captured} delivered=${delivered}${dropped.join('')} buffered=${buffered} in_flight=${inFlight} spooled=${spooled} retried=${retried} ignored=${ignored} malformed=${malformed}`
}
