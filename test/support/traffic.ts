import { expect } from 'vitest'
import type { App } from './app.ts'
import type { Ingest } from './ingest.ts'
import { expectClosed } from './ledger.ts'
import { ask } from './request.ts'
import { until } from './until.ts'

const CONCURRENCY = 8

/** Sends requests that name themselves: the n-th event carries its number as consumer. */
export async function drive(app: App, count: number, from: number = 0): Promise<void> {
  let next = from
  const worker = async (): Promise<void> => {
    while (next < from + count) await ask(app.origin, '/e', { headers: { 'x-api-key': String(next++) } })
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, worker))
}

/** The numbers of accepted events, in order, each batch id counted once. */
export function delivered(ingest: Ingest): number[] {
  return ingest.events.map((event) => Number(event.consumer_id)).toSorted((a, b) => a - b)
}

export function numbers(count: number, from: number = 0): number[] {
  return Array.from({ length: count }, (_, n) => from + n)
}

/**
 * How every fault ends: the endpoint is well again, what was captured before arrives exactly once,
 * a fresh event does too, and the ledger closes.
 */
export async function expectRecovery(
  app: App,
  ingest: Ingest,
  count: number,
  timeoutMs?: number,
): Promise<void> {
  await drive(app, 1, count)
  await until(
    () => ingest.events.length > count,
    () => `${count + 1} events; got ${ingest.events.length}`,
    timeoutMs,
  )
  expect(delivered(ingest)).toEqual(numbers(count + 1))
  await expectSettled(app)
}

/** Waits until nothing is on its way, then closes the ledger. */
export async function expectSettled(app: App): Promise<void> {
  let stats = await app.stats()
  while (stats.inFlight > 0) stats = await app.stats()
  expectClosed(stats)
}
