import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { MAX_BODY_BYTES } from '../../src/collector/ingest.ts'
import { MemoryStore } from '../../src/collector/memory-store.ts'
import { Collector } from '../../src/collector/server.ts'
import type { ApiEvent } from '../../src/types/client.ts'
import { ask, type Ask } from '../support/request.ts'
import { event } from './event.ts'

let store: MemoryStore
let collector: Collector
let told: ApiEvent[]
beforeEach(async () => {
  store = new MemoryStore()
  told = []
  collector = await Collector.listen({ store, onEvents: (events) => told.push(...events) })
})
afterEach(() => collector.close())

const HEADERS = { 'content-type': 'application/json', 'x-api-key': 'k' }

async function post(body: unknown, options: Ask & { path?: string } = {}) {
  const { path = '/v1/events', ...rest } = options
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const reply = await ask(collector.endpoint, path, { method: 'POST', headers: HEADERS, body: text, ...rest })
  return { ...reply, json: JSON.parse(reply.body.toString()) as Record<string, unknown> }
}

async function calls(): Promise<number> {
  return (await store.summarize()).total.calls
}

test('takes events and says how many', async () => {
  const { status, json } = await post([event(), event({ path: '/b' })])
  expect([status, json]).toEqual([202, { accepted: 2 }])
  expect(await calls()).toBe(2)
  expect(told.map(({ path }) => path)).toEqual(['/users/:id', '/b'])
})

test('takes fields it does not know, and an empty batch', async () => {
  expect((await post([{ ...event(), later: 1 }])).status).toBe(202)
  expect((await post([])).json).toEqual({ accepted: 0 })
})

test('takes a batch once, whatever the number of deliveries, with the same answer', async () => {
  const headers = { ...HEADERS, 'idempotency-key': 'b1' }
  for (let n = 0; n < 3; n++) expect((await post([event()], { headers })).json).toEqual({ accepted: 1 })
  expect(await calls()).toBe(1)
  expect(told).toHaveLength(1)
})

test('a batch that was refused can come again under its id', async () => {
  const headers = { ...HEADERS, 'idempotency-key': 'b1' }
  expect((await post([{}], { headers })).status).toBe(400)
  expect((await post([event()], { headers })).status).toBe(202)
  expect(await calls()).toBe(1)
})

test('names what is wrong, event by event, and takes none of the batch', async () => {
  const { status, json } = await post([event(), event({ status_code: 20 }), 'junk', event({ path: '' })])
  expect(status).toBe(400)
  expect(json).toEqual({
    error: '3 of 4 events cannot be used; none was taken',
    events: [
      { index: 1, reason: 'status_code must be an integer from 100 to 999; got 20' },
      { index: 2, reason: 'must be an object, got "junk"' },
      { index: 3, reason: 'path must be a string of 1 to 2048 characters; got ""' },
    ],
  })
  expect(await calls()).toBe(0)
})

test.each([
  ['method', { method: 'M'.repeat(17) }, { method: 'M'.repeat(16) }],
  ['path', { path: '/'.repeat(2049) }, { path: '/'.repeat(2048) }],
  ['consumer_id', { consumer_id: 'c'.repeat(257) }, { consumer_id: 'c'.repeat(256) }],
  ['status_code', { status_code: 1000 }, { status_code: 999 }],
  ['response_time_ms', { response_time_ms: -0.01 }, { response_time_ms: 0 }],
  ['timestamp', { timestamp: 'yesterday' }, { timestamp: '2026-01-02T03:04:05Z' }],
  ['metadata', { metadata: [] as never }, { metadata: {} }],
])('%s: refuses the first unusable value and takes the last usable one', async (field, bad, good) => {
  const { status, json } = await post([event(bad)])
  expect(status).toBe(400)
  expect(JSON.stringify(json)).toContain(`${field} must be`)
  expect((await post([event(good)])).status).toBe(202)
})

test.each([
  ['404 elsewhere', { path: '/v1/event' }, 404],
  ['405 for another method', { method: 'PUT' }, 405],
  ['401 without a key', { headers: { 'content-type': 'application/json' } }, 401],
  ['415 for another type', { headers: { ...HEADERS, 'content-type': 'text/plain' } }, 415],
  ['415 for a compressed body', { headers: { ...HEADERS, 'content-encoding': 'gzip' } }, 415],
])('%s', async (_name, options, expected) => {
  const { status, json } = await post([event()], options)
  expect(status).toBe(expected)
  expect(json['error']).toMatch(/\w/)
  expect(await calls()).toBe(0)
})

test.each(['', '[{]', '{"events":[]}', 'null'])('400 for the body %j', async (body) => {
  expect((await post(body)).status).toBe(400)
})

test('takes a body at the limit, and refuses one byte more, with and without its length announced', async () => {
  const body = JSON.stringify([event()])
  const atLimit = body + ' '.repeat(MAX_BODY_BYTES - body.length)
  const chunked = { headers: { ...HEADERS, 'transfer-encoding': 'chunked' } }
  expect((await post(atLimit, chunked)).status).toBe(202)
  expect((await post(`${atLimit} `)).status).toBe(413)
  expect((await post(`${atLimit} `, chunked)).status).toBe(413)
  expect(await calls()).toBe(1)
})

test('settled: what a client sent before it died is in, although it never waited for the answer', async () => {
  const body = JSON.stringify([event()])
  const { port, hostname } = new URL(collector.endpoint)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  socket.write(
    `POST /v1/events HTTP/1.1\r\nhost: x\r\nx-api-key: k\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    () => socket.destroy(),
  )
  await collector.settled(5000)
  expect(await calls()).toBe(1)
})

test('settled: a client that stays does not hold it beyond the timeout', async () => {
  const { port, hostname } = new URL(collector.endpoint)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  await collector.settled(50)
  socket.destroy()
})

test('listens on loopback only', () => {
  expect(new URL(collector.endpoint).hostname).toBe('127.0.0.1')
})
