import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { App, type AppOptions } from '../support/app.ts'
import { expectGentleEnd } from '../support/gentle-end.ts'
import { DOWN, UP } from '../support/ingest.ts'
import { lastLedger } from '../support/ledger.ts'
import { RawServer } from '../support/raw-server.ts'
import { ask } from '../support/request.ts'
import { scenario } from '../support/scenario.ts'
import { BASE, filesIn, numbersOnDisk } from '../support/spool.ts'
import { childOf, hasPidNamespaces, PID_1 } from '../support/system.ts'
import { drive, expectRecovery, numbers } from '../support/traffic.ts'
import { until } from '../support/until.ts'

/** An application whose events wait in this directory, and leave it only for a reason that the test makes. */
function spooling(directory: string, env: AppOptions['env'] = {}): Partial<AppOptions> {
  return {
    env: {
      PEEKAPI_STORAGE_PATH: join(directory, BASE),
      PEEKAPI_FLUSH_INTERVAL: '10m',
      PEEKAPI_BATCH_SIZE: '10',
      PEEKAPI_DEBUG: 'true',
      ...env,
    },
  }
}

/** The application as it is started next. */
function next(directory: string): Partial<AppOptions> {
  return spooling(directory, { PEEKAPI_FLUSH_INTERVAL: '100ms' })
}

describe.concurrent('signals', () => {
  scenario(
    'P1 SIGTERM under load with a healthy endpoint: what was captured is delivered, what comes meanwhile is on disk',
    ({ ingest, directory, serve }) => expectGentleEnd({ ingest, directory, serve }, 3),
  )

  scenario(
    'P2 SIGTERM while the endpoint never answers: all on disk within the shutdown timeout, the next start delivers each once',
    async ({ ingest, directory, serve, onTestFinished }) => {
      const hole = await RawServer.start(() => {})
      onTestFinished(() => hole.close())
      const app = await serve({
        ...spooling(directory, { PEEKAPI_SHUTDOWN_TIMEOUT: '300ms' }),
        endpoint: hole.url,
      })
      await drive(app, 45)
      const ending = await app.stop('SIGTERM')
      expect(ending).toMatchObject({ code: null, signal: 'SIGTERM' })
      expect(lastLedger(ending.stderr)).toMatchObject({ captured: 45, delivered: 0, spooled: 45 })
      expect(numbersOnDisk(directory)).toEqual(numbers(45))
      expect(filesIn(directory).map(({ state }) => state)).toEqual(Array(5).fill('new'))

      await expectRecovery(await serve(next(directory)), ingest, 45)
      const tried = [...hole.received.matchAll(/^idempotency-key: (.+)\r$/gim)].map(([, id]) => id)
      expect(tried.length).toBeGreaterThan(0)
      expect(ingest.batches.map(({ id }) => id)).toEqual(expect.arrayContaining(tried))
      expect(filesIn(directory)).toEqual([])
    },
  )

  scenario(
    "P3 SIGTERM with the application's own handler while the endpoint is down: its order, its exit code, and nothing lost",
    async ({ ingest, directory, serve }) => {
      ingest.script = DOWN
      const app = await serve({ ...spooling(directory), file: 'fixtures/endings/graceful.cjs' })
      await drive(app, 10)
      const slow = ask(app.origin, '/slow', { headers: { 'x-api-key': '10' } })
      await drive(app, 10, 11)
      app.process.kill('SIGTERM')
      await slow
      expect(await app.ended).toMatchObject({ code: 7, signal: null, stdout: 'closing\nclosed\n' })
      expect(lastLedger(app.stderr)).toMatchObject({ captured: 21, delivered: 0, spooled: 21 })
      expect(numbersOnDisk(directory)).toEqual(numbers(21))
      ingest.script = UP
      await expectRecovery(await serve(next(directory)), ingest, 21)
    },
  )

  scenario.skipIf(!hasPidNamespaces)(
    'P4 SIGTERM as PID 1 lets it live: it serves on, what went to disk comes back, and the next signal finds it ready',
    async ({ ingest, directory, serve }) => {
      const app = await serve({
        // No batch is ever complete: only a signal that is heard sends them to disk.
        ...spooling(directory, { PEEKAPI_SHUTDOWN_TIMEOUT: '200ms', PEEKAPI_BATCH_SIZE: '100' }),
        wrapper: PID_1,
      })
      for (const round of [0, 1]) {
        ingest.script = DOWN
        await drive(app, 20, round * 41)
        process.kill(childOf(app.process.pid!), 'SIGTERM')
        await until(
          async () => (await app.stats()).spooled === 20,
          () => 'the events on disk',
        )
        await drive(app, 20, round * 41 + 20)
        ingest.script = UP
        await expectRecovery(app, ingest, round * 41 + 40, 20_000)
      }
      expect(filesIn(directory)).toEqual([])
    },
  )

  scenario(
    'P4 SIGTERM that the application ignores: it serves on, and what was put on disk arrives once',
    async ({ ingest, directory, serve }) => {
      ingest.script = DOWN
      const app = await serve({ ...next(directory), file: 'fixtures/endings/ignores.cjs' })
      await drive(app, 20)
      app.process.kill('SIGTERM')
      await until(
        () => app.stdout === 'not now\n',
        () => 'the refusal',
      )
      expect(numbersOnDisk(directory)).toEqual(numbers(20))
      await drive(app, 20, 20)
      ingest.script = UP
      await expectRecovery(app, ingest, 40, 20_000)
      await until(
        () => filesIn(directory).length === 0,
        () => 'an empty disk',
      )
    },
  )

  scenario.for(['SIGTERM', 'SIGINT'] as const)(
    'P5 SIGTERM, then %s while it is still sending: it ends at once, each event on disk once',
    async (second, { ingest, directory, serve, onTestFinished }) => {
      const hole = await RawServer.start(() => {})
      onTestFinished(() => hole.close())
      const app = await serve({
        // In memory mode the disk shows that the first signal was heard; two that come together may be one.
        ...spooling(directory, { PEEKAPI_SHUTDOWN_TIMEOUT: '5m', PEEKAPI_DURABILITY: 'memory' }),
        endpoint: hole.url,
      })
      await drive(app, 25)
      app.process.kill('SIGTERM')
      await until(
        () => numbersOnDisk(directory).length === 25,
        () => 'the events on disk',
      )
      expect(await app.stop(second)).toMatchObject({ code: null, signal: second })
      expect(numbersOnDisk(directory)).toEqual(numbers(25))
      const ids = filesIn(directory).map(({ id }) => id)
      expect(new Set(ids).size).toBe(ids.length)
      await expectRecovery(await serve(next(directory)), ingest, 25)
      expect(filesIn(directory)).toEqual([])
    },
  )
})

describe.concurrent('other ends', () => {
  scenario.for([
    ['process.exit in a handler', 'exit-in-handler.cjs', '/exit', 5],
    ['an uncaught exception', 'uncaught.cjs', '/throw', 1],
    ['an unhandled rejection', 'rejection.cjs', '/reject', 1],
  ] as const)(
    'P6 %s: all on disk before the process is gone, the next start delivers each once',
    async ([, file, path, code], { ingest, directory, serve }) => {
      ingest.script = DOWN
      const app = await serve({
        // Not from the journal: written in the last moment.
        ...spooling(directory, { PEEKAPI_DURABILITY: 'memory' }),
        file: `fixtures/endings/${file}`,
      })
      await drive(app, 25)
      await ask(app.origin, path, { headers: { 'x-api-key': '25' } })
      expect(await app.ended).toMatchObject({ code, signal: null })
      expect(lastLedger(app.stderr)).toMatchObject({ captured: 26, delivered: 0, spooled: 26 })
      expect(numbersOnDisk(directory)).toEqual(numbers(26))
      ingest.script = UP
      await expectRecovery(await serve(next(directory)), ingest, 26)
    },
  )

  scenario(
    'P13 a script that ends by itself is not kept waiting: its event arrives at once, or waits on disk for the next start',
    async ({ ingest, directory, serve }) => {
      // So long that whoever waited for either would be a hang.
      const script = {
        file: 'fixtures/endings/one-request.cjs',
        endpoint: ingest.url,
        ...spooling(directory, { PEEKAPI_SHUTDOWN_TIMEOUT: '5m' }),
      }
      expect(await App.run(script)).toMatchObject({ code: 0, signal: null, stdout: '' })
      expect(ingest.events).toMatchObject([{ path: '/mine' }])
      expect(filesIn(directory)).toEqual([])

      ingest.script = DOWN
      const ending = await App.run({
        ...script,
        env: { ...script.env, PEEKAPI_SHUTDOWN_TIMEOUT: '100ms' },
      })
      expect(ending).toMatchObject({ code: 0, signal: null, stdout: '' })
      expect(lastLedger(ending.stderr)).toMatchObject({ captured: 1, spooled: 1 })
      ingest.script = UP
      const app = await serve(next(directory))
      await drive(app, 1)
      await ingest.waitForEvents(3)
      expect(ingest.events.map(({ path }) => path).toSorted()).toEqual(['/e', '/mine', '/mine'])
    },
  )
})
