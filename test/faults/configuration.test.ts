import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import type { App } from '../support/app.ts'
import { DOWN, UP } from '../support/ingest.ts'
import { expectBounded } from '../support/sustained-load.ts'
import { ask } from '../support/request.ts'
import { scenario } from '../support/scenario.ts'
import { BASE } from '../support/spool.ts'
import { drive, expectDrained, expectRecovery } from '../support/traffic.ts'
import { until } from '../support/until.ts'

const HOUR_MS = 3_600_000

function attemptsOf(app: App): number {
  return app.stderr.split('delivery failed').length - 1
}

describe.concurrent('C1 a wall clock that jumps', () => {
  scenario.for([
    ['forward', HOUR_MS],
    ['back', -HOUR_MS],
  ] as const)(
    'C1 an hour %s while backing off: the next attempt comes after the delay that was announced',
    async ([, shiftMs], { ingest, directory, serve }) => {
      ingest.script = DOWN
      const app = await serve({
        execArgv: ['--require', './test/support/shifting-clock.cjs'],
        env: {
          PEEKAPI_DEBUG: 'true',
          PEEKAPI_BATCH_SIZE: '10',
          PEEKAPI_STORAGE_PATH: join(directory, BASE),
        },
      })
      // A single one: two requests may overlap before the first failure.
      await drive(app, 1)
      for (let failures = 1; failures <= 3; failures++) {
        await until(
          () => attemptsOf(app) >= failures,
          () => `failure ${failures}; got ${app.stderr}`,
        )
        app.process.send({ shiftMs })
        // A full batch asks the gate at once.
        await drive(app, 20, 20 * failures - 19)
      }
      const announced = [...app.stderr.matchAll(/next attempt in (\d+) ms/g)].map(([, ms]) => Number(ms))
      for (let n = 1; n < 3; n++) {
        const waited = ingest.batches[n]!.at - ingest.batches[n - 1]!.at
        // Measured at the endpoint, from the arrival before it was refused; timers round down to whole milliseconds.
        expect(waited).toBeGreaterThan(announced[n - 1]! - 5)
        // Not an hour; a busy machine may take its time.
        expect(waited).toBeLessThan(announced[n - 1]! + 10_000)
      }
      ingest.script = UP
      await expectRecovery(app, ingest, 61)
    },
  )
})

interface BadValue {
  readonly env: Readonly<Record<string, string>>
  /** In the one line that is said. */
  readonly says: RegExp
}

/** Nothing can be sent, so nothing is captured. */
const unusable: Record<string, BadValue> = {
  'no URL': { env: { PEEKAPI_ENDPOINT: 'ingest' }, says: /PEEKAPI_ENDPOINT "ingest" is not an absolute URL/ },
  'no web address': { env: { PEEKAPI_ENDPOINT: 'ftp://127.0.0.1/' }, says: /is not an https or http URL/ },
  'plain http to another machine': {
    env: { PEEKAPI_ENDPOINT: 'http://example.com/v1/events' },
    says: /would send the API key in the clear/,
  },
  'credentials in the URL': {
    env: { PEEKAPI_ENDPOINT: 'https://user:secret-token@example.com/' },
    says: /holds credentials/,
  },
  'a private address': { env: { PEEKAPI_ENDPOINT: 'https://10.0.0.1/' }, says: /is refused/ },
  'an empty key': { env: { PEEKAPI_API_KEY: ' ' }, says: /PEEKAPI_API_KEY is not set/ },
  'a key with a line end in it': {
    env: { PEEKAPI_API_KEY: 'secret-token\r\nx-admin: 1' },
    says: /PEEKAPI_API_KEY holds characters that cannot stand in an HTTP header/,
  },
}

/** The default stands in. */
const mended: Record<string, BadValue> = {
  'a negative batch': {
    env: { PEEKAPI_BATCH_SIZE: '-5' },
    says: /PEEKAPI_BATCH_SIZE "-5" .*default \(100\)/,
  },
  'a negative buffer': {
    env: { PEEKAPI_MAX_BUFFER_SIZE: '-1' },
    says: /PEEKAPI_MAX_BUFFER_SIZE "-1" .*default/,
  },
  'a negative spool': {
    env: { PEEKAPI_MAX_STORAGE_BYTES: '-1' },
    says: /PEEKAPI_MAX_STORAGE_BYTES "-1" .*default/,
  },
  'a negative interval': {
    env: { PEEKAPI_SHUTDOWN_TIMEOUT: '-1s' },
    says: /PEEKAPI_SHUTDOWN_TIMEOUT "-1s" .*default/,
  },
}

/** One line, and readable. */
function expectOneComplaint(app: App, says: RegExp): void {
  expect(app.stderr).toMatch(says)
  expect(app.stderr.trimEnd().split('\n')).toHaveLength(1)
  expect(app.stderr).not.toMatch(/secret-token|\n +at /)
}

describe.concurrent('C2 a configuration that cannot be used', () => {
  for (const [name, { env, says }] of Object.entries(unusable)) {
    scenario(
      `C2 ${name}: said once, nothing is captured, the application runs`,
      async ({ ingest, serve }) => {
        const app = await serve({ env })
        for (let n = 0; n < 5; n++) expect((await ask(app.origin, '/e')).status).toBe(200)
        expectOneComplaint(app, says)
        expect(await app.stats()).toMatchObject({ captured: 0, buffered: 0 })
        const { signal } = await app.stop()
        expect(signal).toBe('SIGTERM')
        expect(ingest.batches).toEqual([])
      },
    )
  }

  for (const [name, { env, says }] of Object.entries(mended)) {
    scenario(`C2 ${name}: said once, and the default serves`, async ({ ingest, serve }) => {
      const app = await serve({ env })
      await drive(app, 5)
      await expectRecovery(app, ingest, 5)
      expectOneComplaint(app, says)
    })
  }
})

describe.concurrent('C3 high load with the endpoint down', () => {
  scenario(
    'C3 for 4 seconds: every request is answered, memory and disk stay within their limits, all is accounted for',
    async ({ ingest, directory, serve }) => {
      ingest.script = DOWN
      const app = await serve({
        env: {
          PEEKAPI_STORAGE_PATH: join(directory, BASE),
          PEEKAPI_MAX_STORAGE_BYTES: '256KiB',
          PEEKAPI_MAX_BUFFER_SIZE: '500',
        },
      })
      const answered = await expectBounded(app, {
        ms: 4000,
        maxBuffered: 500,
        maxGrowthBytes: 64 * 1024 ** 2,
      })
      const { captured, dropped } = await app.stats()
      expect(captured).toBe(answered)
      expect(dropped.spool_full).toBeGreaterThan(0)
      expect(bytesIn(directory)).toBeLessThanOrEqual((256 + 32) * 1024)
      ingest.script = UP
      await expectDrained(app, ingest, answered)
    },
  )
})

function bytesIn(directory: string): number {
  return readdirSync(directory).reduce((sum, file) => sum + statSync(join(directory, file)).size, 0)
}
