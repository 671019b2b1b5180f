import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { expectConserved } from '../../support/conservation.ts'
import { DOWN, UP } from '../../support/ingest.ts'
import { ask } from '../../support/request.ts'
import { scenario } from '../../support/scenario.ts'
import { BASE, filesIn, numbersOnDisk } from '../../support/spool.ts'
import { delivered, drive, expectSettled, numbers } from '../../support/traffic.ts'
import { until } from '../../support/until.ts'

const TIMEOUT_MS = 180_000
/** A lease is 60 s; whoever starts now finds it run out. */
const BEYOND_LEASE_MS = 61_000
/** A process that starts looks at the disk within 5 s. */
const BLOCK_MS = 75_000
/** Number of the request that blocks. */
const BLOCKING = 1000

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

describe.concurrent('an owner that is silent for longer than its lease', () => {
  scenario.for([
    ['P10', 'is stopped'],
    ['P12', 'has a blocked event loop'],
  ] as const)(
    '%s because it %s: another process takes its events over; back again it lets go of them, and nothing is lost or doubled',
    { timeout: TIMEOUT_MS },
    async ([id], { ingest, directory, serve }) => {
      const env = { PEEKAPI_STORAGE_PATH: join(directory, BASE), PEEKAPI_BATCH_SIZE: '10' }
      ingest.script = DOWN
      const app = await serve({ file: 'fixtures/endings/blocks.cjs', env })
      await drive(app, 25)
      await until(
        () => numbersOnDisk(directory).length === 25,
        () => 'the journal',
      )
      // The last batch may grow after its journal was written: those events are in memory only.
      await drive(app, 2, 25)
      const blocked =
        id === 'P12'
          ? ask(app.origin, `/block/${BLOCK_MS}`, { headers: { 'x-api-key': String(BLOCKING) } })
          : undefined
      if (id === 'P10') app.process.kill('SIGSTOP')
      await pause(BEYOND_LEASE_MS)
      ingest.script = UP
      const other = await serve({ env })
      await until(
        () => numbers(25).every((number) => delivered(ingest).includes(number)),
        () => `the events that were taken over; got ${String(delivered(ingest))}`,
      )
      app.process.kill('SIGCONT')
      await blocked
      await expectConserved(app, ingest, { certain: numbers(27), possible: [BLOCKING] }, 27)
      await expectConserved(other, ingest, { certain: numbers(28), possible: [BLOCKING] }, 28)
      await expectSettled(app)
      expect(filesIn(directory)).toEqual([])
    },
  )

  scenario(
    'P12 an event loop that stands still for 20 s, longer than any interval: its events stay its own',
    { timeout: TIMEOUT_MS },
    async ({ ingest, directory, serve }) => {
      const env = { PEEKAPI_STORAGE_PATH: join(directory, BASE) }
      ingest.script = DOWN
      const app = await serve({ file: 'fixtures/endings/blocks.cjs', env })
      await drive(app, 20)
      const blocked = ask(app.origin, '/block/20000', { headers: { 'x-api-key': '20' } })
      const other = await serve({ env })
      await blocked
      ingest.script = UP
      await expectConserved(app, ingest, { certain: numbers(21), possible: [] }, 21)
      expect((await other.stats()).delivered).toBe(0)
    },
  )
})
