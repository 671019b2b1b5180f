import { expect } from 'vitest'
import type { ApiEvent, Stats } from '../../src/types/client.ts'
import { App, type AppOptions } from './app.ts'
import { Ingest } from './ingest.ts'
import { RawClient, type WireAnswer } from './raw-client.ts'
import { expectSettled } from './traffic.ts'
import { until } from './until.ts'

export interface RawRequest {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string | number>>
  /** As it goes over the wire, framing included. */
  readonly body?: string | Uint8Array
  /** Default: the connection ends with the answer. */
  readonly keepAlive?: boolean
}

/** An application under the preload and its endpoint. Requests name themselves, so that each finds its event. */
export class Subject {
  readonly app: App
  readonly ingest: Ingest
  #named = 0

  private constructor(app: App, ingest: Ingest) {
    this.app = app
    this.ingest = ingest
  }

  static async start(options: AppOptions): Promise<Subject> {
    const ingest = await Ingest.start()
    return new Subject(await App.serve({ ...options, endpoint: ingest.url }), ingest)
  }

  /** Ends it and proves that nothing was lost count of. */
  async stop(): Promise<Stats> {
    await expectSettled(this.app)
    const stats = await this.app.stats()
    await this.app.stop('SIGKILL')
    await this.ingest.close()
    return stats
  }

  connect(): RawClient {
    return new RawClient({ port: this.app.port, host: '127.0.0.1' })
  }

  /** A request's bytes, and the name that its event will carry. */
  request(path: string, { method = 'GET', headers = {}, body, keepAlive }: RawRequest = {}): NamedRequest {
    const name = `request-${this.#named++}`
    const lines = Object.entries({
      host: 'a',
      'x-api-key': name,
      connection: keepAlive === true ? 'keep-alive' : 'close',
      ...headers,
    }).map(([key, value]) => `${key}: ${value}\r\n`)
    const head = `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`
    return { name, bytes: Buffer.concat([Buffer.from(head), Buffer.from(body ?? '')]) }
  }

  /** Asks on a connection of its own and compares nothing: what came over the wire, and the event. */
  async exchange(path: string, options?: RawRequest): Promise<{ wire: WireAnswer; event: ApiEvent }> {
    const { name, bytes } = this.request(path, options)
    const client = this.connect().send(bytes)
    const wire = await client.answer()
    if (wire === undefined) throw new Error(`no answer to ${path}`)
    return { wire, event: await this.eventOf(name) }
  }

  /** The one event of a request. */
  async eventOf(name: string): Promise<ApiEvent> {
    const find = (): ApiEvent[] => this.ingest.events.filter((event) => event.consumer_id === name)
    await until(
      () => find().length > 0,
      () => `the event of ${name}\n${this.app.stderr}`,
    )
    const [event, ...more] = find()
    expect(more).toEqual([])
    return event!
  }
}

export interface NamedRequest {
  readonly name: string
  readonly bytes: Buffer
}

/** A body in chunks, as a client frames it. */
export function chunked(...chunks: readonly string[]): string {
  return [...chunks, ''].map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('')
}
