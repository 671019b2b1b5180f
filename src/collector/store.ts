import type { ApiEvent } from '../types/client.ts'

/** What one POST brought. */
export interface ReceivedBatch {
  /** The client's `idempotency-key`; undefined for clients that send none. */
  readonly id: string | undefined
  readonly events: readonly ApiEvent[]
}

/** Figures over a number of exchanges. */
export interface Figures {
  readonly calls: number
  /** Answered with 4xx, 499 (the client left before any answer) among them. */
  readonly clientErrors: number
  /** Answered with 5xx. */
  readonly serverErrors: number
  /** The client left before the response was complete. */
  readonly aborted: number
  /** The response broke off by a fault of the server. */
  readonly broken: number
  /** No route of the application answered. */
  readonly unmatched: number
  readonly durations: DurationFigures
  readonly consumers: ConsumerFigures
}

export interface DurationFigures {
  /** Milliseconds; 0 without any call. */
  readonly p50: number
  readonly p95: number
  readonly p99: number
  /** False when there were more calls than durations kept: then the figures come from a uniform sample. */
  readonly exact: boolean
}

export interface ConsumerFigures {
  readonly distinct: number
  /** False when there are more consumers than are told apart: then `distinct` is a lower bound. */
  readonly exact: boolean
}

export interface EndpointFigures extends Figures {
  readonly method: string
  readonly path: string
}

export interface Summary {
  /** Most calls first; equal ones by path, then method. */
  readonly endpoints: readonly EndpointFigures[]
  readonly total: Figures
}

/** Where a collector keeps events. */
export interface Store {
  /** Takes a batch whole, once: false, and nothing changes, when a batch of this id was taken before. */
  add(batch: ReceivedBatch): Promise<boolean>
  summarize(): Promise<Summary>
  close(): Promise<void>
}
