import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { newBatchId, type Batch } from '../../src/delivery/batch.ts'
import { Ledger } from '../../src/delivery/ledger.ts'
import { DiskSpool, type DiskSpoolOptions } from '../../src/delivery/spool/disk-spool.ts'
import { formatName, parseName, type FileName, type FileState } from '../../src/delivery/spool/names.ts'
import type { ApiEvent } from '../../src/types/client.ts'

export const BASE = 'events'

/** A directory of this test's own; gone when the test ends. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'spool-test-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

export interface OpenedSpool {
  readonly spool: DiskSpool
  readonly ledger: Ledger
}

/** A spool at `<directory>/events`, as a process of its own would open it. */
export function openSpool(directory: string, options: Partial<DiskSpoolOptions> = {}): OpenedSpool {
  const ledger = new Ledger()
  const spool = new DiskSpool({
    storagePath: join(directory, BASE),
    endpoint: 'http://127.0.0.1/v1/events',
    apiKey: 'test-key',
    maxStorageBytes: 1_000_000,
    maxEventBytes: 65_536,
    batchSize: 100,
    ledger,
    ...options,
  })
  return { spool, ledger }
}

/** An event that names itself. */
export function eventLine(number: number, more: Partial<ApiEvent> = {}): string {
  const event: ApiEvent = {
    method: 'GET',
    path: '/e',
    status_code: 200,
    response_time_ms: 1.5,
    request_size: 0,
    response_size: 2,
    timestamp: '2026-01-01T00:00:00.000Z',
    consumer_id: String(number),
    ...more,
  }
  return JSON.stringify(event)
}

export interface TestBatch extends Batch {
  readonly lines: string[]
}

export function batchOf(count: number, from: number = 0): TestBatch {
  return { id: newBatchId(), lines: Array.from({ length: count }, (_, n) => eventLine(from + n)) }
}

export function numbersIn(lines: readonly string[]): number[] {
  return lines.map((line) => Number((JSON.parse(line) as ApiEvent).consumer_id))
}

/** The spool's files in a state, or all of them. */
export function filesIn(directory: string, state?: FileState): FileName[] {
  return readdirSync(directory)
    .map((file) => parseName(BASE, file))
    .filter((name): name is FileName => name !== undefined && (state === undefined || name.state === state))
}

/** The numbers of the events that are safe on disk, in order: whole lines in files that promise something. */
export function numbersOnDisk(directory: string, states: readonly FileState[] = ['new', 'claim']): number[] {
  return filesIn(directory)
    .filter(({ state }) => states.includes(state))
    .flatMap((name) => numbersIn(wholeLines(join(directory, formatName(BASE, name)))))
    .toSorted((a, b) => a - b)
}

/** None if the file is gone meanwhile; a line that is being written does not count. */
function wholeLines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').slice(0, -1)
  } catch {
    return []
  }
}

/** Everything that can be claimed, each batch dealt with before the next is asked for. */
export async function claimAll({ spool, ledger }: OpenedSpool): Promise<Batch[]> {
  const batches: Batch[] = []
  for (let batch = await spool.claim(); batch !== undefined; batch = await spool.claim()) {
    ledger.spooled -= batch.lines.length
    ledger.delivered += batch.lines.length
    batches.push(batch)
    spool.forget(batch)
  }
  return batches
}

/** Publishes as the client does: what the disk takes is booked there. */
export function publish({ spool, ledger }: OpenedSpool, batch: Batch): string | undefined {
  ledger.captured += batch.lines.length
  const refusal = spool.publish(batch)
  if (refusal === undefined) ledger.spooled += batch.lines.length
  else ledger.drop(refusal, batch.lines.length)
  return refusal
}

/** The equation, where nothing is left in memory. */
export function expectBooked(...spools: readonly OpenedSpool[]): void {
  let [left, right] = [0, 0]
  for (const { ledger } of spools) {
    const stats = ledger.stats({ buffered: 0, inFlight: 0 })
    left += stats.captured
    right += stats.delivered + stats.spooled + Object.values(stats.dropped).reduce((sum, n) => sum + n, 0)
  }
  expect(right).toBe(left)
}
