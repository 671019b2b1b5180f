import { statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { formatName } from '../../../src/delivery/spool/names.ts'
import { SpoolProcess } from '../../support/spool-process.ts'
import {
  BASE,
  batchOf,
  claimAll,
  expectBooked,
  filesIn,
  numbersIn,
  openSpool,
  publish,
  temporaryDirectory,
} from '../../support/spool.ts'

const BATCH = batchOf(10, 1000)
const BATCH_BYTES = Buffer.byteLength(`${BATCH.lines.join('\n')}\n`)

function bytesIn(directory: string): number {
  return filesIn(directory).reduce((sum, name) => {
    const stats = statSync(join(directory, formatName(BASE, name)), { throwIfNoEntry: false })
    return sum + (stats?.size ?? 0)
  }, 0)
}

test('the oldest batch makes room for the newest, and is counted', async () => {
  const directory = temporaryDirectory()
  const opened = openSpool(directory, { maxStorageBytes: 3 * BATCH_BYTES })
  for (const from of [1000, 2000, 3000]) expect(publish(opened, batchOf(10, from))).toBeUndefined()
  expect(opened.ledger.stats({ buffered: 0, inFlight: 0 }).dropped.spool_full).toBe(0)
  expect(publish(opened, batchOf(10, 4000))).toBeUndefined()
  expect(opened.ledger.stats({ buffered: 0, inFlight: 0 }).dropped.spool_full).toBe(10)
  expect(bytesIn(directory)).toBe(3 * BATCH_BYTES)
  expectBooked(opened)
  expect((await claimAll(opened)).map(({ lines }) => numbersIn(lines)[0])).toEqual([2000, 3000, 4000])
  expectBooked(opened)
})

test('a batch as large as the spool fits, one byte more does not', () => {
  for (const [room, refusal] of [
    [BATCH_BYTES, undefined],
    [BATCH_BYTES - 1, 'spool_full'],
  ] as const) {
    const opened = openSpool(temporaryDirectory(), { maxStorageBytes: room })
    expect(publish(opened, batchOf(10, 1000))).toBe(refusal)
    expectBooked(opened)
  }
})

test('what living processes hold is not taken from them', () => {
  const directory = temporaryDirectory()
  const holder = openSpool(directory)
  holder.spool.journal([BATCH])
  const opened = openSpool(directory, { maxStorageBytes: BATCH_BYTES + 10 })
  expect(publish(opened, batchOf(10, 2000))).toBe('spool_full')
  expect(filesIn(directory, 'claim')).toHaveLength(1)
  expectBooked(opened)
})

test('what a dead process left behind makes room, counted by what is in it', async () => {
  const directory = temporaryDirectory()
  const dying = new SpoolProcess({ storagePath: join(directory, BASE) })
  await dying.ask('grow', BATCH.id, BATCH.lines)
  await dying.ask('journal')
  await dying.kill()
  const opened = openSpool(directory, { maxStorageBytes: BATCH_BYTES + 10 })
  expect(publish(opened, batchOf(10, 2000))).toBeUndefined()
  expect(filesIn(directory)).toMatchObject([{ state: 'new' }])
  expect(opened.ledger.stats({ buffered: 0, inFlight: 0 }).dropped.spool_full).toBe(10)
  expectBooked(opened)
})

test('four processes together stay below the limit and one batch each, and every event is accounted for', async () => {
  const PROCESSES = 4
  const BATCHES = 40
  const directory = temporaryDirectory()
  const maxStorageBytes = 12 * BATCH_BYTES
  const processes = Array.from(
    { length: PROCESSES },
    () => new SpoolProcess({ storagePath: join(directory, BASE), maxStorageBytes }),
  )
  let peak = 0
  let refused = 0
  const fill = async (child: SpoolProcess, n: number): Promise<void> => {
    for (let round = 0; round < BATCHES; round++) {
      const batch = batchOf(10, 1000 + n * 1000 + round * 10)
      await child.ask('grow', batch.id, batch.lines)
      if ((await child.ask('publish', batch.id)) !== undefined) refused += 10
      peak = Math.max(peak, bytesIn(directory))
    }
  }
  await Promise.all(processes.map((child) => child.ask('ledger')))
  await Promise.all(processes.map(fill))
  const ledgers = await Promise.all(processes.map((child) => child.ask('ledger')))
  const dropped = ledgers.reduce((sum, ledger) => sum + ledger.dropped.spool_full, 0)
  const onDisk = filesIn(directory, 'new').reduce((sum, { count }) => sum + count!, 0)
  expect(peak).toBeLessThanOrEqual(maxStorageBytes + PROCESSES * BATCH_BYTES)
  expect(peak).toBeGreaterThan(maxStorageBytes / 2)
  expect(onDisk + dropped + refused).toBe(PROCESSES * BATCHES * 10)
  expect(ledgers.reduce((sum, ledger) => sum + ledger.spooled, 0)).toBe(onDisk)
})
