import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import type { Stats } from '../../src/types/client.ts'
import type { App } from '../support/app.ts'
import { UP } from '../support/ingest.ts'
import { expectClosed } from '../support/ledger.ts'
import { scenario } from '../support/scenario.ts'
import { BASE, filesIn, numbersOnDisk } from '../support/spool.ts'
import { delivered, drive, expectRecovery } from '../support/traffic.ts'
import { until } from '../support/until.ts'

const PROCESSES = 4
const EVENTS_EACH = 600
const CAP_BYTES = 65_536
/** 50 events of less than 250 bytes. */
const BATCH_BYTES = 12_500

/** Of what is there at this moment; files come and go. */
function bytesIn(directory: string): number {
  return readdirSync(directory).reduce(
    (sum, file) => sum + (statSync(join(directory, file), { throwIfNoEntry: false })?.size ?? 0),
    0,
  )
}

describe.concurrent('D5 a full spool of four processes', () => {
  scenario(
    'D5 stays below the limit and one batch each, the oldest goes, and the ledgers account for every event',
    async ({ ingest, directory, serve }) => {
      // A refused account: nobody asks again, and what is complete goes to disk at once.
      ingest.script = () => ({ status: 401 })
      const env = {
        PEEKAPI_STORAGE_PATH: join(directory, BASE),
        PEEKAPI_MAX_STORAGE_BYTES: String(CAP_BYTES),
        PEEKAPI_MAX_BUFFER_SIZE: '100',
        PEEKAPI_BATCH_SIZE: '50',
        PEEKAPI_DURABILITY: 'memory',
      }
      const apps = await Promise.all(Array.from({ length: PROCESSES }, () => serve({ env })))
      let peak = 0
      const watch = setInterval(() => (peak = Math.max(peak, bytesIn(directory))), 5)
      await Promise.all(apps.map((app, n) => drive(app, EVENTS_EACH, n * EVENTS_EACH)))
      clearInterval(watch)
      expect(peak).toBeGreaterThan(CAP_BYTES / 2)
      expect(peak).toBeLessThanOrEqual(CAP_BYTES + PROCESSES * BATCH_BYTES)
      const all = await Promise.all(apps.map((app) => app.stats()))
      for (const stats of all) expectClosed(stats)
      const sum = (of: (stats: Stats) => number): number => all.reduce((total, stats) => total + of(stats), 0)
      const onDisk = filesIn(directory, 'new').reduce((total, { count }) => total + count!, 0)
      expect(sum(({ captured }) => captured)).toBe(PROCESSES * EVENTS_EACH)
      expect(sum(({ spooled }) => spooled)).toBe(onDisk)
      expect(sum(({ dropped }) => dropped.spool_full)).toBeGreaterThan(EVENTS_EACH)
      // What is left is the latest of all, but for what another process wrote in the same moment.
      for (const app of apps) await app.stop('SIGKILL')
      // With what one of them may have read ahead, at whatever time: no other process gives that up.
      const left = numbersOnDisk(directory).length
      const readAhead = new Set(numbersOnDisk(directory, ['claim']))
      ingest.script = UP
      const heir = await serve({ env })
      await until(
        () => delivered(ingest).length === left,
        () => `${left} events; got ${delivered(ingest).length}`,
        15_000,
      )
      const latest = delivered(ingest)
        .filter((number) => !readAhead.has(number))
        .map((number) => number % EVENTS_EACH)
      expect(Math.min(...latest)).toBeGreaterThan(EVENTS_EACH / 4)
      expect(new Set(delivered(ingest)).size).toBe(left)
      await expectFresh(heir, 10_000, () => delivered(ingest))
    },
  )
})

async function expectFresh(app: App, number: number, seen: () => number[]): Promise<void> {
  await drive(app, 1, number)
  await until(
    () => seen().includes(number),
    () => 'the fresh event',
  )
  expectClosed(await app.stats())
}

describe.concurrent('D7 a spool whose directory is deleted', () => {
  scenario(
    'D7 under load, again and again: it is made anew, and nothing that is in memory is lost',
    async ({ ingest, directory, serve }) => {
      const inside = join(directory, 'spool')
      // One attempt every few seconds: with five failures batches would go to the disk, and with it.
      ingest.script = () => ({ status: 429, headers: { 'retry-after': '3' } })
      const app = await serve({ env: { PEEKAPI_STORAGE_PATH: `${inside}/` } })
      let events = 0
      for (let round = 0; round < 3; round++) {
        await until(
          async () => {
            await drive(app, 20, events)
            events += 20
            return hasFiles(inside)
          },
          () => `files in ${inside}`,
        )
        rmSync(inside, { recursive: true })
      }
      await drive(app, 20, events)
      events += 20
      await until(
        () => hasFiles(inside),
        () => 'the directory to be there again',
      )
      expect(statSync(inside).mode & 0o777).toBe(0o700)
      expect(app.stderr).toBe('')
      ingest.script = UP
      await expectRecovery(app, ingest, events)
    },
  )
})

function hasFiles(directory: string): boolean {
  try {
    return readdirSync(directory).length > 0
  } catch {
    return false
  }
}
