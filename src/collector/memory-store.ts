import type { ApiEvent } from '../types/client.ts'
import { Aggregate, ConsumerNumbers } from './aggregate.ts'
import type { EndpointFigures, ReceivedBatch, Store, Summary } from './store.ts'

/** A client repeats a batch within minutes; at a batch per 200 ms this is half an hour of them. */
const MAX_BATCH_IDS = 10_000
/** No application has that many routes; what invents paths beyond shares one row. 160 MB at the very worst. */
const MAX_ENDPOINTS = 2000
const OTHER = '(other)'
const MAX_CONSUMERS = 10_000
/** The total sees every call, so it keeps more durations than one endpoint does: 800 KB. */
const MAX_TOTAL_DURATIONS = 100_000

interface Endpoint {
  readonly method: string
  readonly path: string
  readonly aggregate: Aggregate
}

export interface MemoryLimits {
  readonly batchIds: number
  readonly endpoints: number
  readonly consumers: number
}

/** Keeps figures, not events, so that memory stays bounded however long a session lasts. */
export class MemoryStore implements Store {
  readonly #limits: MemoryLimits
  readonly #batchIds = new Set<string>()
  readonly #endpoints = new Map<string, Endpoint>()
  readonly #consumerNumbers: ConsumerNumbers
  readonly #total: Aggregate

  constructor(limits: Partial<MemoryLimits> = {}) {
    this.#limits = {
      batchIds: MAX_BATCH_IDS,
      endpoints: MAX_ENDPOINTS,
      consumers: MAX_CONSUMERS,
      ...limits,
    }
    this.#consumerNumbers = new ConsumerNumbers(this.#limits.consumers)
    this.#total = new Aggregate(this.#consumerNumbers, MAX_TOTAL_DURATIONS)
  }

  async add({ id, events }: ReceivedBatch): Promise<boolean> {
    if (id !== undefined && !this.#isNew(id)) return false
    for (const event of events) {
      this.#endpointOf(event).aggregate.add(event)
      this.#total.add(event)
    }
    return true
  }

  async summarize(): Promise<Summary> {
    const endpoints = [...this.#endpoints.values()].map(({ method, path, aggregate }): EndpointFigures => ({
      method,
      path,
      ...aggregate.figures(),
    }))
    return { endpoints: endpoints.toSorted(byCalls), total: this.#total.figures() }
  }

  async close(): Promise<void> {}

  #isNew(id: string): boolean {
    if (this.#batchIds.has(id)) return false
    this.#batchIds.add(id)
    if (this.#batchIds.size > this.#limits.batchIds) {
      // A Set keeps the order of insertion: the first is the oldest.
      for (const oldest of this.#batchIds) {
        this.#batchIds.delete(oldest)
        break
      }
    }
    return true
  }

  #endpointOf({ method, path }: ApiEvent): Endpoint {
    const known = this.#endpoints.get(`${method} ${path}`)
    if (known !== undefined) return known
    const full = this.#endpoints.size >= this.#limits.endpoints
    if (full && path !== OTHER) return this.#endpointOf({ method: '*', path: OTHER } as ApiEvent)
    const endpoint = { method, path, aggregate: new Aggregate(this.#consumerNumbers) }
    this.#endpoints.set(`${method} ${path}`, endpoint)
    return endpoint
  }
}

function byCalls(a: EndpointFigures, b: EndpointFigures): number {
  return b.calls - a.calls || compare(a.path, b.path) || compare(a.method, b.method)
}

/** By code units: the same order on every machine, whatever its locale. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
