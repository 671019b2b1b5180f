import type { DropReason } from '../../types/client.ts'
import type { Ledger } from '../ledger.ts'

/** Books events that vanish on the disk itself. Moves between memory and disk are booked by who makes them. */
export class DiskAccount {
  readonly #ledger: Pick<Ledger, 'drop' | 'spooled'>

  constructor(ledger: Pick<Ledger, 'drop' | 'spooled'>) {
    this.#ledger = ledger
  }

  vanished(reason: DropReason, events: number): void {
    this.#ledger.drop(reason, events)
    this.#ledger.spooled -= events
  }
}
