import { expect } from 'vitest'
import type { ApiEvent } from '../../src/types/client.ts'
import { App, type AppOptions } from './app.ts'
import { Authority } from './certificates.ts'
import { Ingest } from './ingest.ts'
import { hasCrashed } from './replaceable.ts'
import { expectSettled } from './traffic.ts'
import { until } from './until.ts'

/** Several applications that report to one endpoint. Requests name themselves, so that each finds its events. */
export class Stage {
  readonly ingest: Ingest
  readonly authority: Authority = new Authority()
  /** What an application reads to serve over TLS. */
  readonly tls: Readonly<Record<string, string>>
  readonly #apps: App[] = []
  #named = 0

  private constructor(ingest: Ingest) {
    this.ingest = ingest
    const { key, cert } = this.authority.sign('IP:127.0.0.1,DNS:localhost')
    this.tls = { KEY: key, CERT: cert }
  }

  static async open(): Promise<Stage> {
    return new Stage(await Ingest.start())
  }

  async serve(options: AppOptions): Promise<App> {
    const app = await App.serve({ ...options, endpoint: this.ingest.url })
    this.#apps.push(app)
    return app
  }

  newName(): string {
    return `request-${this.#named++}`
  }

  /** All events of a name, of which there have to be so many. */
  async eventsOf(name: string, count: number = 1): Promise<ApiEvent[]> {
    const find = (): ApiEvent[] => this.ingest.events.filter((event) => event.consumer_id === name)
    await until(
      () => find().length >= count,
      () =>
        `${count} events of ${name}; got ${JSON.stringify(find())}\n${this.#apps.map((app) => app.stderr).join('')}`,
    )
    expect(find()).toHaveLength(count)
    return find()
  }

  async eventOf(name: string): Promise<ApiEvent> {
    const [event] = await this.eventsOf(name)
    return event!
  }

  /** Ends all and proves that nothing was lost count of. */
  async close(): Promise<void> {
    for (const app of this.#apps) {
      if (hasCrashed(app)) continue
      await expectSettled(app)
      await app.stop()
    }
    await this.ingest.close()
    this.authority.remove()
  }
}
