import { connect } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ApiEvent } from '../../src/types/client.ts'
import { App } from '../support/app.ts'
import { Ingest } from '../support/ingest.ts'
import { expectClosed } from '../support/ledger.ts'
import { abort, ask, type Ask } from '../support/request.ts'
import { until } from '../support/until.ts'

let ingest: Ingest
let app: App
beforeAll(async () => {
  ingest = await Ingest.start()
  app = await App.serve({ file: 'fixtures/http/exchanges.cjs', endpoint: ingest.url })
})
afterAll(async () => {
  expectClosed(await app.stats())
  await app.stop()
  await ingest.close()
})

/** Each request names itself, so that its event is found whatever else arrives. */
let asked = 0
function named(options: Ask = {}): { name: string; options: Ask } {
  const name = `request-${asked++}`
  return { name, options: { ...options, headers: { ...(options.headers as object), 'x-api-key': name } } }
}

async function eventOf(name: string): Promise<ApiEvent> {
  const find = (): ApiEvent[] => ingest.events.filter((event) => event.consumer_id === name)
  await until(
    () => find().length > 0,
    () => `the event of ${name}`,
  )
  const [event, ...more] = find()
  expect(more).toEqual([])
  return event!
}

async function exchange(
  path: string,
  options?: Ask,
): Promise<{ event: ApiEvent; status: number; body: Buffer }> {
  const { name, options: sent } = named(options)
  const { status, body } = await ask(app.origin, path, sent)
  return { event: await eventOf(name), status, body }
}

describe('sizes and statuses are those of the wire', () => {
  test.each([
    '/text',
    '/latin',
    '/hex',
    '/buffer',
    '/bytes',
    '/chunks',
    '/length',
    '/raw-head',
    '/piped',
    '/none',
    '/unchanged',
    '/missing',
    '/late-status',
    '/after-end',
    '/deaf',
    '/twice',
  ])('%s', async (path) => {
    const { event, status, body } = await exchange(path)
    expect(event).toMatchObject({
      method: 'GET',
      path,
      status_code: status,
      request_size: 0,
      response_size: body.byteLength,
    })
  })

  test('/gzip counts compressed bytes', async () => {
    const { event, body } = await exchange('/gzip')
    expect(gunzipSync(body).byteLength).toBe(10_000)
    expect(event.response_size).toBe(body.byteLength)
  })

  test.each(['/text', '/chunks', '/missing'])('HEAD %s sends no body', async (path) => {
    const { event, status } = await exchange(path, { method: 'HEAD' })
    expect(event).toMatchObject({ method: 'HEAD', status_code: status, response_size: 0 })
  })

  test.each([
    ['with a content-length', {}],
    ['in chunks', { headers: { 'transfer-encoding': 'chunked' } }],
  ])('uploads %s', async (_name, options) => {
    const body = Buffer.alloc(70_000, 'x')
    const { event } = await exchange('/read', { method: 'POST', body, ...options })
    expect(event).toMatchObject({ method: 'POST', path: '/read', request_size: 70_000 })
  })
})

describe('endings', () => {
  test('the client leaves before any answer: 499', async () => {
    const { name, options } = named()
    await abort(app.origin, '/never', { afterMs: 50, headers: options.headers })
    expect(await eventOf(name)).toMatchObject({
      status_code: 499,
      response_size: 0,
      metadata: { outcome: 'aborted' },
    })
  })

  test('the client leaves in the middle: the status that was sent, and aborted', async () => {
    const { name, options } = named()
    await abort(app.origin, '/endless', { afterBytes: 8, headers: options.headers })
    const event = await eventOf(name)
    expect(event).toMatchObject({ status_code: 200, metadata: { outcome: 'aborted' } })
    expect(event.response_size).toBeGreaterThanOrEqual(8)
  })

  test('the client leaves with the whole body, before the application ends it: not aborted', async () => {
    const { name, options } = named()
    await abort(app.origin, '/unended', { afterBytes: 5, headers: options.headers })
    const event = await eventOf(name)
    expect(event).toMatchObject({ status_code: 200, response_size: 5 })
    expect(event.metadata ?? {}).not.toHaveProperty('outcome')
  })

  test('a slow answer: the total and the time to its first byte', async () => {
    const { event } = await exchange('/slow')
    expect(event.metadata!['ttfb_ms']).toBeLessThan(event.response_time_ms - 40)
    expect(event.metadata).not.toHaveProperty('outcome')
  })

  test('several requests in one segment: one event each, in order', async () => {
    const names = [named(), named(), named()].map(({ name }) => name)
    const socket = connect(app.port, '127.0.0.1')
    socket.end(names.map((name) => `GET /text HTTP/1.1\r\nhost: a\r\nx-api-key: ${name}\r\n\r\n`).join(''))
    socket.resume()
    for (const name of names)
      expect(await eventOf(name)).toMatchObject({ status_code: 200, response_size: 7 })
  })
})

test('the query never leaves, not even of a path that nobody answers', async () => {
  for (const path of ['/text?token=secret', '/nowhere?token=secret', '//text?token=secret#token=secret']) {
    const { event } = await exchange(path)
    expect(JSON.stringify(event)).not.toContain('secret')
  }
})

test('durations and timestamps are those of the request', async () => {
  const before = Date.now()
  const { event } = await exchange('/slow')
  const at = Date.parse(event.timestamp)
  expect(at).toBeGreaterThanOrEqual(before)
  expect(at + event.response_time_ms).toBeLessThanOrEqual(Date.now() + 1)
  expect(event.response_time_ms).toBeGreaterThanOrEqual(55)
})
