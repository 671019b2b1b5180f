import { describe, expect } from 'vitest'
import { scenario } from '../support/scenario.ts'
import { delivered, drive, expectRecovery, numbers } from '../support/traffic.ts'
import { until } from '../support/until.ts'

describe.concurrent('S1 answers that pass by themselves', () => {
  scenario.for([408, 425, 429, 500, 502, 503, 504])(
    '%i is tried again with the same batch id, and nothing is lost',
    async (status, { ingest, serve }) => {
      ingest.script = (n) => ({ status: n < 2 ? status : 202 })
      const app = await serve()
      await drive(app, 20)
      await expectRecovery(app, ingest, 20)
      expect(ingest.batches[1]!.id).toBe(ingest.batches[0]!.id)
      expect(ingest.batches[1]!.body).toBe(ingest.batches[0]!.body)
      expect((await app.stats()).retried).toBeGreaterThan(0)
    },
  )
})

describe.concurrent('S2 Retry-After', () => {
  scenario('of 2 seconds holds every request back for that long', async ({ ingest, serve }) => {
    ingest.script = (n) => (n === 0 ? { status: 429, headers: { 'retry-after': '2' } } : { status: 202 })
    const app = await serve()
    await drive(app, 20)
    await expectRecovery(app, ingest, 20)
    // Measured at the endpoint; the clocks' granularity is the only slack.
    expect(ingest.batches[1]!.at - ingest.batches[0]!.at).toBeGreaterThan(1990)
  })

  scenario.for(['0', '-5', 'abc', '1e99', 'Fri, 23 Nov 2001 12:00:00 GMT'])(
    'of %j makes no hot loop',
    async (value, { ingest, serve }) => {
      ingest.script = () => ({ status: 503, headers: { 'retry-after': value } })
      const app = await serve()
      await drive(app, 20)
      await until(
        () => ingest.batches.length >= 3,
        () => 'three attempts',
      )
      const gaps = ingest.batches.slice(1).map((batch, n) => batch.at - ingest.batches[n]!.at)
      expect(Math.min(...gaps)).toBeGreaterThan(240)
    },
  )

  scenario(
    'of ten years is cut to 5 minutes: no attempt meanwhile, and no timer that fires at once',
    async ({ ingest, serve }) => {
      ingest.script = () => ({ status: 503, headers: { 'retry-after': '315360000' } })
      const app = await serve({ env: { PEEKAPI_DEBUG: 'true' } })
      await drive(app, 20)
      await until(
        () => app.stderr.includes('delivery failed'),
        () => 'the report of the failure',
      )
      expect(app.stderr).toContain('next attempt in 300000 ms')
      await drive(app, 20, 20)
      expect(ingest.batches).toHaveLength(1)
    },
  )
})

describe.concurrent('what the endpoint does not take', () => {
  scenario(
    'S3 413 for more than 8 events: halved until accepted, nothing lost, few requests',
    async ({ ingest, serve }) => {
      ingest.script = (_, { events }) => ({ status: events.length > 8 ? 413 : 202 })
      const app = await serve({ env: { PEEKAPI_FLUSH_INTERVAL: '10m' } })
      await drive(app, 100)
      await ingest.waitForEvents(100)
      expect(delivered(ingest)).toEqual(numbers(100))
      expect(ingest.batches.length).toBeLessThanOrEqual((2 * 100) / 6)
    },
  )

  scenario(
    'S4 413 for one event alone: dropped as too_large, all others arrive',
    async ({ ingest, serve }) => {
      ingest.script = (_, { events }) => ({
        status: events.some((event) => event.consumer_id === '13') ? 413 : 202,
      })
      const app = await serve({ env: { PEEKAPI_FLUSH_INTERVAL: '10m' } })
      await drive(app, 100)
      await ingest.waitForEvents(99)
      expect(delivered(ingest)).toEqual(numbers(100).filter((n) => n !== 13))
      const stats = await app.stats()
      expect(stats).toMatchObject({ captured: 100, delivered: 99, dropped: { too_large: 1 } })
    },
  )

  scenario(
    'S5 400 for batches that hold a poisoned event: it alone is dropped as rejected, within 2·log2 n + 1 extra requests',
    async ({ ingest, serve }) => {
      ingest.script = (_, { events }) => ({
        status: events.some((event) => event.consumer_id === '42') ? 400 : 202,
      })
      const app = await serve({ env: { PEEKAPI_FLUSH_INTERVAL: '10m' } })
      await drive(app, 100)
      await ingest.waitForEvents(99)
      expect(delivered(ingest)).toEqual(numbers(100).filter((n) => n !== 42))
      expect(ingest.batches.length - 1).toBeLessThanOrEqual(2 * Math.log2(100) + 1)
      expect(await app.stats()).toMatchObject({
        captured: 100,
        delivered: 99,
        dropped: { rejected: 1 },
        buffered: 0,
      })
    },
  )

  scenario('S6 401: kept, said once, not asked again before the next probe', async ({ ingest, serve }) => {
    ingest.script = () => ({ status: 401 })
    const app = await serve()
    await drive(app, 250)
    await until(
      () => app.stderr !== '',
      () => 'the warning',
    )
    await drive(app, 250, 250)
    expect(app.stderr.split('\n').filter((line) => line.includes('delivery is on hold'))).toHaveLength(1)
    expect(app.stderr).not.toContain('test-key')
    // Two batches may have been under way together when the first 401 came.
    expect(ingest.batches.length).toBeLessThanOrEqual(2)
    expect(await app.stats()).toMatchObject({ captured: 500, delivered: 0, buffered: 500 })
  })
})
