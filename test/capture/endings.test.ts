import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ApiEvent } from '../../src/types/client.ts'
import { answerIn, type RawClient } from '../support/raw-client.ts'
import { ask } from '../support/request.ts'
import { Subject, type RawRequest } from '../support/subject.ts'
import { App } from '../support/app.ts'

const OPTIONS = { file: 'fixtures/http/endings.cjs', env: { PEEKAPI_IGNORE_PATHS: '/open,/cut,/cut-off' } }
const TOO_MUCH = 20_000_000
/** Timestamps have whole milliseconds. */
const TIMESTAMP_MS = 1

let subject: Subject
beforeAll(async () => {
  subject = await Subject.start(OPTIONS)
})
afterAll(() => subject.stop())

/** Sends a request whose answer is not read, and waits until the handler has it. */
async function begin(
  path: string,
  { on = subject, ...options }: RawRequest & { on?: Subject } = {},
): Promise<{ name: string; client: RawClient }> {
  const { name, bytes } = on.request(path, options)
  const before = await underWay(on)
  const client = on.connect()
  client.socket.pause()
  client.send(bytes)
  while ((await underWay(on)) === before);
  return { name, client }
}

async function underWay(on: Subject): Promise<number> {
  return Number((await ask(on.app.origin, '/open')).body.toString())
}

/** On the clock on the wall. */
function endAt({ timestamp, response_time_ms }: ApiEvent): number {
  return Date.parse(timestamp) + response_time_ms
}

function headAt(event: ApiEvent): number {
  const ttfb = event.metadata?.['ttfb_ms'] as number | undefined
  return ttfb === undefined ? endAt(event) : Date.parse(event.timestamp) + ttfb
}

/** The ways to leave: at once, and with a proper end of the connection. */
const LEAVES = {
  'by a reset': (client: RawClient) => client.reset(),
  'by an end': (client: RawClient) => void client.socket.end(),
}

describe.each(Object.entries(LEAVES))('the client leaves %s', (_how, leave) => {
  test.each(['/never', '/head-only'])('before the head of %s: 499', async (path) => {
    const { name, client } = await begin(path)
    leave(client)
    const event = await subject.eventOf(name)
    expect(event).toMatchObject({ status_code: 499, response_size: 0, metadata: { outcome: 'aborted' } })
    expect(event.metadata).not.toHaveProperty('ttfb_ms')
    expect(client.bytes).toBe(0)
  })

  test('in the middle of the body: the status that was sent', async () => {
    const { name, client } = await begin('/endless')
    client.socket.resume()
    await client.got('tick')
    leave(client)
    const event = await subject.eventOf(name)
    expect(event).toMatchObject({ status_code: 200, metadata: { outcome: 'aborted' } })
    expect(event.response_size).toBeGreaterThanOrEqual(4)
    expect(event.response_size % 4).toBe(0)
  })

  test('with the whole body, before the application ends it: not aborted', async () => {
    const { name, client } = await begin('/unended')
    client.socket.resume()
    await client.got('whole')
    leave(client)
    const event = await subject.eventOf(name)
    expect(event).toMatchObject({ status_code: 200, response_size: 5 })
    expect(event.metadata?.['outcome']).toBeUndefined()
  })

  test.each([
    ['with a length', { 'content-length': 100 }, 'ten bytes.', 10],
    ['in chunks', { 'transfer-encoding': 'chunked' }, '5\r\nhello\r\n', 5],
  ])('during an upload %s: 499, and what came of it', async (_name, headers, body, came) => {
    const { name, client } = await begin('/upload', { method: 'POST', headers, body })
    leave(client)
    expect(await subject.eventOf(name)).toMatchObject({
      method: 'POST',
      status_code: 499,
      request_size: came,
      response_size: 0,
      metadata: { outcome: 'aborted' },
    })
  })
})

test.each(['/length', '/ended', '/chunks', '/short-chunks'])(
  'a download that is not read and then left (%s): what was handed to the system, not what was written',
  async (path) => {
    const { name, client } = await begin(path)
    client.reset()
    const event = await subject.eventOf(name)
    expect(event).toMatchObject({ status_code: 200, metadata: { outcome: 'aborted' } })
    expect(event.response_size).toBeGreaterThan(0)
    expect(event.response_size).toBeLessThan(path === '/short-chunks' ? 100_000 * 60 : TOO_MUCH)
  },
)

describe('the server breaks off', () => {
  test.each(['/length', '/ended', '/chunks', '/short-chunks'])(
    'in the middle of %s: to the byte what the client can still read',
    async (path) => {
      const { name, client } = await begin(path)
      await ask(subject.app.origin, '/cut')
      client.socket.resume()
      const wire = await client.answer()
      const event = await subject.eventOf(name)
      expect(event).toMatchObject({ status_code: 200, metadata: { outcome: 'error' } })
      expect(event.response_size).toBe(wire!.bodyBytes)
    },
  )

  test.each(['/destroy', '/destroy-request', '/timed-out'])('%s before the head: 500', async (path) => {
    const { name, bytes } = subject.request(path)
    const client = subject.connect().send(bytes)
    await client.ended()
    expect(client.bytes).toBe(0)
    expect(await subject.eventOf(name)).toMatchObject({
      status_code: 500,
      response_size: 0,
      metadata: { outcome: 'error' },
    })
  })

  test('during an upload that it cannot hand on: 500, though the error is one of a connection', async () => {
    const { name, client } = await begin('/refused', {
      method: 'POST',
      headers: { 'content-length': 100 },
      body: 'ten bytes.',
    })
    await client.ended()
    expect(await subject.eventOf(name)).toMatchObject({
      status_code: 500,
      response_size: 0,
      metadata: { outcome: 'error' },
    })
  })

  test('on more requests that are left out than it takes to switch off what fails', async () => {
    for (let n = 0; n < 25; n++) {
      const client = subject.connect().send('GET /cut-off HTTP/1.1\r\nHost: a\r\n\r\n')
      await client.ended()
    }
    const { event } = await subject.exchange('/destroy-socket')
    expect(event).toMatchObject({ status_code: 200, metadata: { outcome: 'error' } })
  })

  test.each([
    ['/destroy-socket', 4, 'error'],
    ['/timed-out-late', 4, 'error'],
    ['/proxied', 4, 'error'],
    ['/end-and-destroy', 5, undefined],
  ])('%s', async (path, bytes, outcome) => {
    const { wire, event } = await subject.exchange(path)
    expect(wire).toMatchObject({ status: 200, bodyBytes: bytes })
    expect(event).toMatchObject({ status_code: 200, response_size: bytes })
    expect(event.metadata?.['outcome']).toBe(outcome)
  })
})

describe('the process ends', () => {
  test.each([
    ['by process.exit()', async (on: Subject) => void (await ask(on.app.origin, '/exit'))],
    ['by an exception', (on: Subject) => void on.connect().send(on.request('/throw').bytes)],
    ['by a signal', (on: Subject) => void on.app.process.kill('SIGTERM')],
  ])('%s: what is open is an event too, with what was sent of it', async (_how, end) => {
    const folder = mkdtempSync(join(tmpdir(), 'peekapi-'))
    const env = { ...OPTIONS.env, PEEKAPI_STORAGE_PATH: join(folder, 'events') }
    const on = await Subject.start({ ...OPTIONS, env })
    const never = await begin('/never', { on })
    const endless = await begin('/endless', { on })
    const unread = await begin('/length', { on })
    endless.client.socket.resume()
    await endless.client.got('tick')
    await end(on)
    await on.app.ended
    unread.client.socket.resume()
    await Promise.all([unread.client.ended(), endless.client.ended()])
    // Who starts next delivers it.
    const next = await App.serve({ ...OPTIONS, env, endpoint: on.ingest.url })
    for (const [{ name, client }, status] of [
      [never, 500],
      [endless, 200],
      [unread, 200],
    ] as const) {
      const event = await on.eventOf(name)
      expect(event).toMatchObject({ status_code: status, metadata: { outcome: 'error' } })
      expect(event.response_size).toBe(answerIn(client.received)?.bodyBytes ?? 0)
    }
    await next.stop('SIGKILL')
    await on.ingest.close()
    rmSync(folder, { recursive: true })
  })
})

describe('pipelining', () => {
  test('several requests in one segment: one event each, in order', async () => {
    const requests = ['/slow', '/slow', '/quick'].map((path) => subject.request(path, { keepAlive: true }))
    const client = subject.connect().send(Buffer.concat(requests.map(({ bytes }) => bytes)))
    const events: ApiEvent[] = []
    for (const { name } of requests) events.push(await subject.eventOf(name))
    for (const [n, event] of events.entries()) {
      expect(event).toMatchObject({ status_code: 200, response_size: n === 2 ? 5 : 9 })
      // Until the first one's last byte the others keep their heads to themselves.
      if (n > 0) expect(headAt(event)).toBeGreaterThanOrEqual(endAt(events[0]!) - TIMESTAMP_MS)
    }
    client.reset()
  })

  test('the client leaves while the first is not answered: none of them was', async () => {
    const requests = ['/never', '/slow', '/slow'].map((path) => subject.request(path, { keepAlive: true }))
    const before = await underWay(subject)
    const client = subject.connect().send(Buffer.concat(requests.map(({ bytes }) => bytes)))
    while ((await underWay(subject)) < before + requests.length);
    client.reset()
    for (const { name } of requests) {
      expect(await subject.eventOf(name)).toMatchObject({
        status_code: 499,
        response_size: 0,
        metadata: { outcome: 'aborted' },
      })
    }
  })

  test('an answer that is destroyed before its turn, and written to all the same: nothing of it was sent', async () => {
    const requests = ['/slow', '/destroyed-in-line'].map((path) => subject.request(path, { keepAlive: true }))
    const client = subject.connect().send(Buffer.concat(requests.map(({ bytes }) => bytes)))
    await client.got('last')
    expect(await subject.eventOf(requests[0]!.name)).toMatchObject({ status_code: 200, response_size: 9 })
    client.reset()
    expect((await subject.eventOf(requests[1]!.name)).response_size).toBe(0)
  })
})

describe('time', () => {
  test('of a head that is flushed: the time to it', async () => {
    const { event } = await subject.exchange('/flushed')
    expect(event.metadata!['ttfb_ms']).toBeLessThan(event.response_time_ms - 40)
  })

  test('of a slow answer: the total, and the time to its first byte', async () => {
    const before = Date.now()
    const { event } = await subject.exchange('/slow')
    expect(event.metadata!['ttfb_ms']).toBeLessThan(event.response_time_ms - 40)
    expect(event.metadata).not.toHaveProperty('outcome')
    expect(event.response_time_ms).toBeGreaterThanOrEqual(55)
    const at = Date.parse(event.timestamp)
    expect(at).toBeGreaterThanOrEqual(before)
    expect(at + event.response_time_ms).toBeLessThanOrEqual(Date.now() + 1)
  })

  test('of a stream: until the client leaves', async () => {
    const { name, bytes } = subject.request('/endless')
    const client = subject.connect().send(bytes)
    const began = performance.now()
    await client.got('tick')
    await client.got('tick\r\n4\r\ntick\r\n4\r\ntick\r\n4\r\ntick\r\n4\r\ntick\r\n4\r\ntick')
    const lasted = performance.now() - began
    client.reset()
    const event = await subject.eventOf(name)
    expect(event.response_time_ms).toBeGreaterThan(lasted / 2)
    expect(event.metadata!['ttfb_ms']).toBeLessThan(event.response_time_ms)
  })
})
