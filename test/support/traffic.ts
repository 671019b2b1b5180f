import { expect } from 'vitest'
import type { Stats } from '../../src/types/client.ts'
import type { App } from './app.ts'
import type { Ingest } from './ingest.ts'
import { expectClosed } from './ledger.ts'
import { ask } from './request.ts'
import { until } from './until.ts'

const CONCURRENCY = 8
/** Travels with every request, and must not be seen again. */
const SECRET = 'secret-token'
/** The key of the account, the secrets of requests, and what a body begins with. */
const UNSPEAKABLE = new RegExp(`test-key|${SECRET}|\\{"`)

/** Sends requests that name themselves: the n-th event carries its number as consumer. */
export async function drive(app: App, count: number, from: number = 0): Promise<void> {
  let next = from
  const worker = async (): Promise<void> => {
    while (next < from + count)
      await ask(app.origin, `/e?token=${SECRET}`, {
        headers: { 'x-api-key': String(next++), authorization: `Bearer ${SECRET}` },
      })
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

/** Waits until nothing is on its way, then closes the ledger. Whatever was said meanwhile gave nothing away. */
export async function expectSettled(app: App): Promise<void> {
  let stats = await app.stats()
  while (stats.inFlight > 0) stats = await app.stats()
  expectClosed(stats)
  expect(app.stderr).not.toMatch(UNSPEAKABLE)
}

/**
 * The same where events had to be dropped or given to the disk: nothing waits any more, all that was captured was
 * either delivered once or counted as dropped, and a fresh event arrives.
 */
export async function expectDrained(
  app: App,
  ingest: Ingest,
  fresh: number,
  timeoutMs: number = 20_000,
): Promise<Stats> {
  await settled(app, timeoutMs)
  await drive(app, 1, fresh)
  await until(
    () => delivered(ingest).includes(fresh),
    () => 'the fresh event',
  )
  const stats = await settled(app, timeoutMs)
  await expectSettled(app)
  expect(stats.delivered).toBe(ingest.events.length)
  expect(new Set(delivered(ingest)).size).toBe(ingest.events.length)
  return stats
}

async function settled(app: App, timeoutMs: number): Promise<Stats> {
  let stats = await app.stats()
  await until(
    async () => {
      stats = await app.stats()
      return stats.buffered + stats.inFlight === 0 && stats.spooled <= 0
    },
    () => `nothing waiting; ${JSON.stringify(stats)}`,
    timeoutMs,
  )
  return stats
}
