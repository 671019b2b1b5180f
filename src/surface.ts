import { Ledger } from './delivery/ledger.ts'
import type { Runtime } from './runtime.ts'
import type { Client, ClientOptions, Stats, TrackedEvent } from './types/client.ts'

/** What `import '@peekapi/auto'` gives. */
export interface Surface {
  track(event: TrackedEvent): void
  flush(): Promise<void>
  shutdown(): Promise<void>
  setConsumer(id: string): void
  stats(): Stats
  readonly PeekApiClient: new (options: ClientOptions) => Client
}

function emptyStats(): Stats {
  return new Ledger().stats({ buffered: 0, inFlight: 0 })
}

/** A door to the class: what `new` is given back is a real client, whose code is not loaded before it is used. */
function openClient(options: ClientOptions): Client {
  const { createClient } = require('./deferred.cjs') as typeof import('./deferred.ts')
  return createClient(options)
}

export const PeekApiClient: new (options: ClientOptions) => Client = openClient as never

/** Without a key, or switched off: everything can be called and nothing happens. */
export const inertSurface: Surface = {
  track: () => {},
  flush: async () => {},
  shutdown: async () => {},
  setConsumer: () => {},
  stats: emptyStats,
  PeekApiClient,
}

/**
 * @param start Loads the runtime if need be.
 * @param started The runtime if it is loaded: asking for figures must not load anything.
 */
export function surfaceOf(start: () => Runtime, started: () => Runtime | undefined): Surface {
  return {
    track: (event) => start().client.track(event),
    flush: async () => started()?.client.flush(),
    shutdown: async () => started()?.client.shutdown(),
    setConsumer: (id) => started()?.setConsumer(id),
    stats: () => started()?.client.stats() ?? emptyStats(),
    PeekApiClient,
  }
}
