import type { TestAPI } from 'vitest'
import { createClient } from '../../src/delivery/standalone.ts'
import type { Client, ClientOptions } from '../../src/types/client.ts'
import type { Ingest } from './ingest.ts'
import { expectClosed } from './ledger.ts'
import { scenario, type Scenario } from './scenario.ts'
import { until } from './until.ts'

export interface ClientScenario extends Scenario {
  /**
   * A client in the test's own process, without a disk and with no flush of its own unless the options say so.
   * Its ledger is closed when the test ends.
   */
  readonly open: (options?: Options) => Client
}

/** Undefined: the default of the package, not of the test. */
type Options = { readonly [Name in keyof ClientOptions]?: ClientOptions[Name] | undefined }

export const clientScenario: TestAPI<ClientScenario> = scenario.extend<Pick<ClientScenario, 'open'>>({
  // Clients must be gone before their directory is.
  open: async ({ ingest, directory: _directory }, use) => {
    const clients: Client[] = []
    await use((options) => {
      const client = createClient({
        apiKey: 'k',
        endpoint: ingest.url,
        storagePath: 'none',
        shutdownTimeout: 2000,
        flushInterval: 600_000,
        ...options,
      } as ClientOptions)
      clients.push(client)
      return client
    })
    for (const client of clients) {
      await client.shutdown()
      expectClosed(client.stats())
    }
  },
})

/** Events that name themselves. */
export function track(to: Client, count: number, from: number = 0): void {
  for (let n = from; n < from + count; n++)
    to.track({ method: 'GET', path: '/e', status_code: 200, consumer_id: String(n) })
}

/** The numbers that arrived, each as often as it was accepted: no batch id excuses a second time. */
export function arrivals(ingest: Ingest): number[] {
  return ingest.batches
    .filter(({ status }) => status === 202)
    .flatMap(({ events }) => events.map((event) => Number(event.consumer_id)))
    .toSorted((a, b) => a - b)
}

/** Waits until neither memory nor disk holds anything of this client. */
export async function settled(client: Client): Promise<void> {
  await until(
    () => {
      const { buffered, inFlight, spooled } = client.stats()
      return buffered + inFlight === 0 && spooled <= 0
    },
    () => JSON.stringify(client.stats()),
    15_000,
  )
}
