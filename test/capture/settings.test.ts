import { describe, expect } from 'vitest'
import { eventFromProgram } from '../../src/delivery/line.ts'
import { root } from '../support/app.ts'
import { ask } from '../support/request.ts'
import { scenario } from '../support/scenario.ts'
import { expectSettled } from '../support/traffic.ts'
import { until } from '../support/until.ts'

describe.concurrent('settings', () => {
  scenario('PEEKAPI_IGNORE_PATHS leaves requests out and counts them', async ({ ingest, serve }) => {
    const app = await serve({ env: { PEEKAPI_IGNORE_PATHS: '/health,/internal/*' } })
    for (const path of ['/health', '/health?x=1', '/internal/a', '/internal/a/b', '/healthy', '/internals']) {
      await ask(app.origin, path)
    }
    await ingest.waitForEvents(2)
    expect(ingest.events.map(({ path }) => path)).toEqual(['/healthy', '/internals'])
    expect(await app.stats()).toMatchObject({ captured: 2, ignored: 4 })
    await expectSettled(app)
  })

  scenario('PEEKAPI_COLLECT_QUERY_STRING appends the sorted query', async ({ ingest, serve }) => {
    const app = await serve({ env: { PEEKAPI_COLLECT_QUERY_STRING: 'true' } })
    for (const path of ['/a?z=1&b=2&a=%20', '/b?', '/c?x=2&x=1']) await ask(app.origin, path)
    await ingest.waitForEvents(3)
    expect(ingest.events.map(({ path }) => path)).toEqual(['/a?a=%20&b=2&z=1', '/b', '/c?x=2&x=1'])
  })

  scenario('PEEKAPI_NORMALIZE_PATHS=false keeps the path as it came', async ({ ingest, serve }) => {
    const app = await serve({ env: { PEEKAPI_NORMALIZE_PATHS: 'false' } })
    await ask(app.origin, '/users/42?x=1')
    const [event] = await ingest.waitForEvents(1)
    expect(event!.path).toBe('/users/42')
  })

  scenario('a URL of 64 KB is one event of bounded length, query or not', async ({ ingest, serve }) => {
    const app = await serve({
      execArgv: ['--max-http-header-size=200000'],
      env: { PEEKAPI_COLLECT_QUERY_STRING: 'true', PEEKAPI_NORMALIZE_PATHS: 'false' },
    })
    const long = 'x'.repeat(65_536)
    for (const path of [`/${long}`, `/files?a=${long}`, `/${'a/'.repeat(32_768)}`])
      expect((await ask(app.origin, path)).status).toBe(200)
    const events = await ingest.waitForEvents(3)
    expect(events.map(({ path }) => path.length)).toEqual([2048, 2048, 2048])
    expect(events[1]!.path.startsWith('/files?a=xxx')).toBe(true)
    await expectSettled(app)
  })

  scenario('PEEKAPI_METADATA is in every event, beside a valid trace id', async ({ ingest, serve }) => {
    const app = await serve({ env: { PEEKAPI_METADATA: 'team=core', OTEL_SERVICE_NAME: 'shop' } })
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
    for (const traceparent of [
      `00-${traceId}-00f067aa0ba902b7-01`,
      `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    ]) {
      await ask(app.origin, '/', { headers: { traceparent } })
    }
    await ingest.waitForEvents(2)
    // Whether a first request is slow enough for `ttfb_ms` is the machine's affair.
    expect(ingest.events.map(({ metadata }) => ({ ...metadata, ttfb_ms: 0 }))).toEqual([
      { service: 'shop', team: 'core', trace_id: traceId, ttfb_ms: 0 },
      { service: 'shop', team: 'core', ttfb_ms: 0 },
    ])
    // A batch that is read from the disk and sent again under its id has the same bytes.
    for (const { body } of ingest.batches)
      expect(JSON.stringify((JSON.parse(body) as unknown[]).map(eventFromProgram))).toBe(body)
  })

  scenario('distinct unmatched paths are bounded: 100, then (unmatched)', async ({ ingest, serve }) => {
    const app = await serve({ file: 'fixtures/http/bodies.cjs' })
    const word = (n: number): string => `/no${String.fromCharCode(97 + Math.floor(n / 26), 97 + (n % 26))}`
    for (let n = 0; n < 102; n++) await ask(app.origin, word(n))
    await ask(app.origin, word(0))
    await ingest.waitForEvents(103)
    const paths = ingest.events.map(({ path }) => path)
    expect(paths[99]).toBe(word(99))
    expect(paths.slice(100)).toEqual(['(unmatched)', '(unmatched)', word(0)])
    expect(ingest.events[0]!.metadata).toMatchObject({ unmatched: true })
  })
})

describe.concurrent('PEEKAPI_CONFIG', () => {
  scenario.for(['all.cjs', 'all.mjs'])(
    '%s names consumers, enriches and redacts',
    async (file, { ingest, serve }) => {
      const app = await serve({ env: { PEEKAPI_CONFIG: `${root}fixtures/config/${file}` } })
      await ask(app.origin, '/private/data', { headers: { 'x-tenant': 't1', 'x-region': 'eu' } })
      const [event] = await ingest.waitForEvents(1)
      expect(event).toMatchObject({
        path: '/***/data',
        consumer_id: 'GET /private/data t1',
        metadata: { region: 'eu', slow: false },
      })
      expect(app.stderr).toBe('')
    },
  )

  scenario.for(['faulty.cjs', 'patient.cjs', 'odd.cjs'])(
    'functions that fail (%s) are named once; the event goes on without them, and without a path that should have been redacted',
    async (file, { ingest, serve }) => {
      ingest.script = (n) => ({ status: n === 0 ? 500 : 202 })
      const app = await serve({ env: { PEEKAPI_CONFIG: `${root}fixtures/config/${file}` } })
      for (let n = 0; n < 5; n++) await ask(app.origin, '/data', { headers: { 'x-api-key': 'ck_1' } })
      await ingest.waitForEvents(5)
      for (const event of ingest.events)
        expect(event).toMatchObject({ path: '(redaction failed)', consumer_id: 'ck_1' })
      for (const name of ['identifyConsumer', 'enrich', 'redactPath']) {
        expect(app.stderr.split('\n').filter((line) => line.includes(name))).toHaveLength(1)
      }
      await expectSettled(app)
    },
  )

  scenario.for(['fixtures/config/broken.cjs', 'fixtures/config/missing.cjs'])(
    '%s that cannot be loaded is named once, and all goes on',
    async (file, { ingest, serve }) => {
      const app = await serve({ env: { PEEKAPI_CONFIG: file } })
      await ask(app.origin, '/data')
      await ingest.waitForEvents(1)
      await until(
        () => app.stderr.includes('PEEKAPI_CONFIG'),
        () => 'the complaint',
      )
      expect(app.stderr.trim().split('\n')).toHaveLength(1)
    },
  )
})
