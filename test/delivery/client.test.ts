import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createClient } from '../../src/delivery/standalone.ts'
import type { ApiEvent, Client, ClientOptions, TrackedEvent } from '../../src/types/client.ts'
import { Ingest } from '../support/ingest.ts'
import { expectClosed } from '../support/ledger.ts'
import { until } from '../support/until.ts'

let ingest: Ingest
let client: Client
beforeEach(async () => {
  ingest = await Ingest.start()
})
afterEach(async () => {
  await client?.shutdown()
  expectClosed(client.stats())
  await ingest.close()
})

function open(options: Partial<ClientOptions> = {}): Client {
  client = createClient({
    apiKey: 'k',
    endpoint: ingest.url,
    storagePath: 'none',
    shutdownTimeout: 1000,
    ...options,
  })
  return client
}

function event(n: number, more: Partial<ApiEvent> = {}): TrackedEvent {
  return { method: 'GET', path: `/${n}`, status_code: 200, ...more }
}

function track(count: number, from = 0): void {
  for (let n = from; n < from + count; n++) client.track(event(n))
}

describe('requests', () => {
  test('carry the headers of the protocol', async () => {
    open({ apiKey: 'key-1' })
    track(1)
    await client.flush()
    const { headers, id } = ingest.batches[0]!
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'x-api-key': 'key-1',
      'idempotency-key': id,
    })
    expect(headers['x-peekapi-sdk']).toMatch(/^node-auto\//)
    expect(headers['user-agent']).toMatch(/^peekapi-auto\//)
    expect(id).toMatch(/^[\w.-]{8,}$/)
  })

  test('go off when a batch is complete, not before', async () => {
    open({ batchSize: 10, flushInterval: 600_000 })
    track(9)
    expect(client.stats()).toMatchObject({ captured: 9, buffered: 9 })
    track(1, 9)
    await ingest.waitForEvents(10)
    track(25, 10)
    await ingest.waitForEvents(30)
    expect(ingest.batches.map(({ events }) => events.length)).toEqual([10, 10, 10])
    expect(client.stats().buffered).toBe(5)
  })

  test('go off with less when the flush interval is over', async () => {
    open({ batchSize: 10, flushInterval: 100 })
    track(3)
    await ingest.waitForEvents(3)
    expect(ingest.batches).toHaveLength(1)
  })

  test('keep the order of events', async () => {
    open({ batchSize: 7 })
    track(50)
    await client.flush()
    const sent = ingest.batches.flatMap(({ events }) => events.map(({ path }) => path))
    expect(sent.toSorted()).toEqual(Array.from({ length: 50 }, (_, n) => `/${n}`).toSorted())
    for (const { events } of ingest.batches) {
      const order = events.map(({ path }) => Number(path.slice(1)))
      expect(order).toEqual(order.toSorted((a, b) => a - b))
    }
  })

  test('flush sends everything, however many batches that takes', async () => {
    open({ batchSize: 10 })
    track(1000)
    await client.flush()
    expect(ingest.events).toHaveLength(1000)
    expect(client.stats()).toMatchObject({ captured: 1000, delivered: 1000, buffered: 0, inFlight: 0 })
  })
})

describe('memory', () => {
  test.each([
    [9, 0],
    [10, 0],
    [11, 1],
    [1000, 990],
  ])(
    'with room for 10 events and the endpoint down, of %i events %i are dropped and counted',
    async (count, dropped) => {
      ingest.script = () => ({ status: 503 })
      open({ maxBufferSize: 10, flushInterval: 600_000 })
      track(count)
      expect(client.stats()).toMatchObject({
        captured: count,
        buffered: count - dropped,
        dropped: { buffer_full: dropped },
      })
    },
  )

  test('is bounded by bytes as well', () => {
    open({ maxBufferSize: 100, flushInterval: 600_000 })
    const long = 'x'.repeat(50_000)
    for (let n = 0; n < 100; n++) client.track(event(n, { metadata: { long } }))
    const { buffered, dropped } = client.stats()
    expect(buffered).toBe(2)
    expect(dropped.buffer_full).toBe(98)
  })
})

describe('events', () => {
  test('over the limit lose their metadata, and are dropped if that does not help', async () => {
    open({ maxEventBytes: 1024 })
    client.track(event(1, { metadata: { note: 'x'.repeat(1100) } }))
    client.track(event(2, { metadata: { note: 'x'.repeat(500) } }))
    client.track({ ...event(3), consumer_id: '漢'.repeat(256), path: `/${'漢'.repeat(200)}` })
    await client.flush()
    expect(ingest.events.map(({ path, metadata }) => [path, metadata !== undefined])).toEqual([
      ['/1', false],
      ['/2', true],
    ])
    expect(client.stats().dropped.too_large).toBe(1)
  })

  test('are completed, and never changed in the hands of the program', async () => {
    open()
    const own = Object.freeze({ method: 'get', path: '/own', status_code: 204 })
    client.track(own)
    await client.flush()
    expect(ingest.events[0]).toMatchObject({
      method: 'GET',
      path: '/own',
      status_code: 204,
      response_time_ms: 0,
      request_size: 0,
    })
    expect(ingest.events[0]!.timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  })

  const hostile = {
    get method(): string {
      throw new Error('hostile')
    },
  }
  const cycle: Record<string, unknown> = {}
  cycle['self'] = cycle
  test.each([
    ['undefined', undefined],
    ['null', null],
    ['a string', 'GET /'],
    ['an empty object', {}],
    ['a status that is no number', { method: 'GET', path: '/', status_code: '200' }],
    ['a status that is NaN', { method: 'GET', path: '/', status_code: Number.NaN }],
    ['a getter that throws', hostile],
  ])('that are none do not throw and are counted: %s', (_name, junk) => {
    open()
    client.track(junk as never)
    expect(client.stats()).toMatchObject({ captured: 1, dropped: { corrupt: 1 } })
  })

  test.each([
    ['a BigInt', { big: 1n }],
    ['a cycle', cycle],
  ])('whose metadata holds %s arrive without it', async (_name, metadata) => {
    open()
    client.track(event(1, { metadata: metadata as never }))
    await client.flush()
    expect(ingest.events[0]).toMatchObject({ path: '/1' })
    expect(ingest.events[0]).not.toHaveProperty('metadata')
  })
})

describe('faults', () => {
  test('are told to onError, whose own fault is swallowed', async () => {
    const errors: Error[] = []
    ingest.script = (n) => ({ status: n === 0 ? 500 : 202 })
    open({
      onError: (error) => {
        errors.push(error)
        throw new Error('in the handler')
      },
    })
    track(1)
    await client.flush()
    await until(
      () => client.stats().delivered === 1,
      () => 'the second attempt',
    )
    expect(errors.map(({ message }) => message).join()).toMatch(/status 500/)
  })

  test('shutdown resolves in time with an endpoint that never answers', async () => {
    ingest.script = () => ({ broken: 'never' })
    open({ shutdownTimeout: 50 })
    track(3)
    await client.shutdown()
    expect(client.stats()).toMatchObject({ captured: 3, delivered: 0 })
  })
})

describe('options that cannot be used are refused by name', () => {
  test.each([
    [{ apiKey: '' }, /apiKey/],
    [{ apiKey: 'a\r\nb' }, /apiKey/],
    [{ endpoint: 'not a url' }, /endpoint "not a url"/],
    [{ endpoint: 'https://user:pass@example.com/' }, /endpoint .*credentials/],
    [{ batchSize: 0 }, /batchSize 0/],
    [{ batchSize: 1.5 }, /batchSize 1.5/],
    [{ flushInterval: Number.NaN }, /flushInterval NaN/],
    [{ maxBufferSize: -1 }, /maxBufferSize -1/],
    [{ maxEventBytes: '64' }, /maxEventBytes "64"/],
    [{ durability: 'forever' }, /durability "forever"/],
    [{ onError: 'log' }, /onError "log"/],
  ])('%j', (options, message) => {
    open()
    expect(() => createClient({ apiKey: 'k', ...(options as object) })).toThrow(message)
    try {
      createClient({ apiKey: 'k', ...(options as object) })
    } catch (error) {
      expect(error).toBeInstanceOf(TypeError)
      expect(String(error)).not.toContain('pass@')
    }
  })
})
