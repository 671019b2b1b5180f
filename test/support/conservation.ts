import { expect } from 'vitest'
import type { App } from './app.ts'
import type { Ingest } from './ingest.ts'
import { delivered, drive, expectSettled } from './traffic.ts'
import { until } from './until.ts'

/** What a test knows about events of processes that are gone. */
export interface Account {
  /** Numbers of events that must arrive. */
  readonly certain: Iterable<number>
  /** Numbers of events that may arrive. */
  readonly possible: Iterable<number>
}

/**
 * Nothing lost, nothing invented, nothing twice: every event that is certain arrives, no event arrives that was never
 * asked for, and with each batch id counted once none arrives again. Then a fresh one goes through.
 */
export async function expectConserved(
  app: App,
  ingest: Ingest,
  { certain, possible }: Account,
  fresh: number,
): Promise<void> {
  const missing = (): number[] => {
    const arrived = new Set(delivered(ingest))
    return [...certain].filter((number) => !arrived.has(number))
  }
  await until(
    () => missing().length === 0,
    () => `events ${missing().join()}`,
    20_000,
  )
  await drive(app, 1, fresh)
  await until(
    () => delivered(ingest).includes(fresh),
    () => 'the fresh event',
  )
  await expectSettled(app)
  const arrived = delivered(ingest)
  expect(new Set(arrived).size).toBe(arrived.length)
  const bodies = new Map(ingest.batches.map(({ id, body }) => [id, body]))
  expect(ingest.batches.filter(({ id, body }) => body !== bodies.get(id)).map(({ id }) => id)).toEqual([])
  const known = new Set([...certain, ...possible, fresh])
  expect(arrived.filter((number) => !known.has(number))).toEqual([])
}
