import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { createClient } from '../../src/delivery/standalone.ts'
import { expectClosed, lastLedger } from '../support/ledger.ts'
import { ask } from '../support/request.ts'
import { scenario } from '../support/scenario.ts'
import { BASE } from '../support/spool.ts'
import { delivered, drive, expectRecovery, numbers } from '../support/traffic.ts'
import { until } from '../support/until.ts'

// The part of peer-defects.test.ts that is about how processes end.

const NO_TIMELY_FLUSH = { PEEKAPI_FLUSH_INTERVAL: '10m' }

describe.concurrent('endings', () => {
  scenario.for(['SIGTERM', 'SIGINT'] as const)(
    '1 the first %s does not end the process, 2 and what is in memory is not sent: here both',
    async (signal, { ingest, serve }) => {
      const app = await serve({ env: NO_TIMELY_FLUSH })
      await drive(app, 20)
      expect(await app.stop(signal)).toMatchObject({ code: null, signal })
      expect(delivered(ingest)).toEqual(numbers(20))
    },
  )

  scenario(
    '3 what ends after the signal is not captured any more: here it is, while the application drains',
    async ({ ingest, serve }) => {
      const app = await serve({
        file: 'fixtures/endings/graceful.cjs',
        env: { ...NO_TIMELY_FLUSH, PEEKAPI_DEBUG: 'true' },
      })
      const slow = ask(app.origin, '/slow')
      await ask(app.origin, '/1')
      app.process.kill('SIGTERM')
      expect((await slow).status).toBe(200)
      const { stderr } = await app.ended
      expect(lastLedger(stderr)).toMatchObject({ captured: 2, delivered: 2 })
      expect(ingest.events.map(({ path }) => path).toSorted()).toEqual(['/slow', '/{id}'])
    },
  )

  scenario(
    '4 the batch under way at the signal is lost to both memory and disk: here it is on disk, under its id',
    async ({ ingest, directory, serve }) => {
      ingest.script = () => ({ broken: 'never' })
      const env = { PEEKAPI_STORAGE_PATH: join(directory, BASE), PEEKAPI_SHUTDOWN_TIMEOUT: '100ms' }
      const app = await serve({ env })
      await drive(app, 1)
      await until(
        () => ingest.batches.length === 1,
        () => 'a request under way',
      )
      await app.stop()
      ingest.script = () => ({ status: 202 })
      const next = await serve({ env })
      await ingest.waitForEvents(1)
      expect(ingest.batches[1]!.id).toBe(ingest.batches[0]!.id)
      await expectRecovery(next, ingest, 1)
    },
  )

  scenario('7 each client adds listeners to the process until Node warns: here none does', ({ ingest }) => {
    const events = ['SIGTERM', 'SIGINT', 'beforeExit', 'exit'] as const
    const before = events.map((name) => process.listenerCount(name))
    const clients = Array.from({ length: 12 }, () =>
      createClient({ apiKey: 'k', endpoint: ingest.url, storagePath: 'none' }),
    )
    expect(events.map((name) => process.listenerCount(name))).toEqual(before)
    return Promise.all(clients.map((client) => client.shutdown())).then(() => undefined)
  })

  scenario(
    '8 kill -9 loses all that is in memory: here it is in the journal',
    async ({ ingest, directory, serve }) => {
      const env = { ...NO_TIMELY_FLUSH, PEEKAPI_STORAGE_PATH: join(directory, BASE) }
      const app = await serve({ env })
      await drive(app, 90)
      const journalled = (): number =>
        readdirSync(directory).reduce(
          (sum, file) => sum + readFileSync(join(directory, file), 'utf8').split('\n').length - 1,
          0,
        )
      await until(
        () => journalled() === 90,
        () => `90 events in the journal; got ${journalled()}`,
      )
      await app.stop('SIGKILL')
      expect(ingest.batches).toEqual([])
      const next = await serve({ env: { PEEKAPI_STORAGE_PATH: join(directory, BASE) } })
      await ingest.waitForEvents(90)
      await expectRecovery(next, ingest, 90)
    },
  )

  scenario(
    '44 diagnostics go to stdout, where programs speak to programs: here to stderr only',
    async ({ ingest, serve }) => {
      ingest.script = () => ({ status: 503 })
      const app = await serve({ env: { PEEKAPI_DEBUG: 'true' } })
      await drive(app, 5)
      await until(
        () => app.stderr.includes('delivery failed'),
        () => 'diagnostics',
      )
      expectClosed(await app.stats())
      const { stdout, stderr } = await app.stop()
      expect(stderr).toContain('[peekapi] ledger')
      expect(stdout).toBe('')
    },
  )
})
