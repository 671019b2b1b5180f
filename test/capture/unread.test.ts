import { describe, expect } from 'vitest'
import { until } from '../support/until.ts'
import { RawClient, type WireAnswer } from '../support/raw-client.ts'
import { scenario } from '../support/scenario.ts'
import type { App } from '../support/app.ts'

const FILE = 'fixtures/http/strict.cjs'

/** Sends bytes as they are; the connection's end closes the answer. */
async function send(app: App, ...pieces: string[]): Promise<WireAnswer | undefined> {
  const client = new RawClient({ port: app.port, host: '127.0.0.1' })
  for (const piece of pieces) client.send(piece)
  return client.answer()
}

/** Waits until so many were counted. */
async function malformed(app: App, count: number): Promise<void> {
  let counted = -1
  void app.stats().then((stats) => (counted = stats.malformed))
  await until(
    () => {
      if (counted !== count) void app.stats().then((stats) => (counted = stats.malformed))
      return counted === count
    },
    () => `${count} malformed; got ${counted}`,
  )
}

const UNREAD = { method: '_OTHER', path: '(malformed)', request_size: 0, response_size: 0 }

describe.concurrent('what never became a request', () => {
  scenario.for([
    ['a line that is none', 'garbage\r\n\r\n', 400],
    ['a header that is none', 'GET / HTTP/1.1\r\nno colon\r\n\r\n', 400],
    ['both lengths', 'POST / HTTP/1.1\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n', 400],
    ['too large a head', `GET / HTTP/1.1\r\nhost: a\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ['half a head, and nothing more in time', 'GET / HTTP/1.1\r\nhost:', 408],
  ] as const)(
    '%s: answered by Node, one event without path',
    async ([, bytes, status], { ingest, serve }) => {
      const app = await serve({ file: FILE })
      expect(await send(app, bytes)).toMatchObject({ status, bodyBytes: 0 })
      const [event] = await ingest.waitForEvents(1)
      expect(event).toMatchObject({ ...UNREAD, status_code: status })
      await malformed(app, 1)
    },
  )

  scenario.for([
    ['answers', 418, 15],
    ['late', 422, 3],
  ] as const)(
    'a listener that %s: its status and its body',
    async ([LISTENER, status, bytes], { ingest, serve }) => {
      const app = await serve({ file: FILE, env: { LISTENER } })
      expect(await send(app, 'garbage\r\n\r\n')).toMatchObject({ status, bodyBytes: bytes })
      const [event] = await ingest.waitForEvents(1)
      expect(event).toMatchObject({ ...UNREAD, status_code: status, response_size: bytes })
      await malformed(app, 1)
    },
  )

  scenario('nobody answers: counted, and no event', async ({ ingest, serve }) => {
    const app = await serve({ file: FILE, env: { LISTENER: 'destroys' } })
    expect(await send(app, 'garbage\r\n\r\n')).toBeUndefined()
    await malformed(app, 1)
    await send(app, 'GET /after HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')
    expect((await ingest.waitForEvents(1)).map(({ path }) => path)).toEqual(['/after'])
  })

  scenario('the client ends in the middle of a head: counted, and no event', async ({ ingest, serve }) => {
    const app = await serve({ file: FILE })
    const client = new RawClient({ port: app.port, host: '127.0.0.1' })
    client.socket.end('GET / HT')
    await malformed(app, 1)
    await send(app, 'GET /after HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')
    expect((await ingest.waitForEvents(1)).map(({ path }) => path)).toEqual(['/after'])
  })

  scenario('connections that nothing came on, or nothing more, are neither', async ({ ingest, serve }) => {
    const app = await serve({ file: FILE })
    // Ended by `headersTimeout`, which Node answers, and by `keepAliveTimeout`.
    expect(await send(app)).toMatchObject({ status: 408 })
    expect(await send(app, 'GET /idle HTTP/1.1\r\nhost: a\r\n\r\n')).toMatchObject({ status: 200 })
    expect((await ingest.waitForEvents(1)).map(({ path }) => path)).toEqual(['/idle'])
    expect(await app.stats()).toMatchObject({ malformed: 0, captured: 1 })
  })

  scenario('garbage behind a request: counted; the request keeps its event', async ({ ingest, serve }) => {
    const app = await serve({ file: FILE })
    const wire = await send(app, 'GET /slow HTTP/1.1\r\nhost: a\r\n\r\ngarbage\r\n\r\n')
    expect(wire).toMatchObject({ status: 400 })
    const [event] = await ingest.waitForEvents(1)
    expect(event).toMatchObject({ path: '/slow', status_code: 400, response_size: 0 })
    await malformed(app, 1)
    expect(await app.stats()).toMatchObject({ captured: 1 })
  })
})

describe.concurrent('requests that are answered past their response', () => {
  const UPLOAD = 'POST /upload HTTP/1.1\r\nhost: a\r\n'
  scenario.for([
    ['in time', `${UPLOAD}content-length: 9\r\n\r\nfive.`, 408, 5],
    ['in chunks that are none', `${UPLOAD}transfer-encoding: chunked\r\n\r\n2\r\nab\r\nzz\r\n`, 400, 2],
  ] as const)('a body does not come %s', async ([, bytes, status, came], { ingest, serve }) => {
    const app = await serve({ file: FILE })
    expect(await send(app, bytes)).toMatchObject({ status })
    const [event] = await ingest.waitForEvents(1)
    expect(event).toMatchObject({
      path: '/upload',
      status_code: status,
      request_size: came,
      response_size: 0,
    })
    expect(event!.metadata?.['outcome']).toBeUndefined()
    expect(await app.stats()).toMatchObject({ malformed: 0, captured: 1 })
  })

  scenario('by a listener', async ({ ingest, serve }) => {
    const app = await serve({ file: FILE, env: { LISTENER: 'answers' } })
    expect(await send(app, `${UPLOAD}content-length: 9\r\n\r\nfive.`)).toMatchObject({ status: 418 })
    const [event] = await ingest.waitForEvents(1)
    expect(event).toMatchObject({
      path: '/upload',
      status_code: 418,
      request_size: 5,
      response_size: 15,
    })
  })

  scenario(
    'not when the response has begun: what a listener writes then is no answer',
    async ({ ingest, serve }) => {
      const app = await serve({ file: FILE, env: { LISTENER: 'answers' } })
      const head = 'POST /begun HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n'
      await send(app, head)
      const [event] = await ingest.waitForEvents(1)
      expect(event).toMatchObject({ path: '/begun', status_code: 200, response_size: 5 })
    },
  )

  scenario('not when the response has begun: Node breaks off', async ({ ingest, serve }) => {
    const app = await serve({ file: FILE })
    const head = 'POST /begun HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n'
    expect(await send(app, head)).toMatchObject({ status: 200, bodyBytes: 5 })
    const [event] = await ingest.waitForEvents(1)
    expect(event).toMatchObject({ status_code: 200, response_size: 5, metadata: { outcome: 'error' } })
  })
})

describe.concurrent('requests that Node answers itself', () => {
  scenario.for([
    ['without Host', 'GET /nameless HTTP/1.1\r\n\r\n', 400, '/nameless'],
    [
      'with an expectation that nobody hears',
      'GET /x HTTP/1.1\r\nhost: a\r\nexpect: tea\r\nconnection: close\r\n\r\n',
      417,
      '/x',
    ],
  ] as const)('%s', async ([, bytes, status, path], { ingest, serve }) => {
    const app = await serve({ file: FILE })
    expect(await send(app, bytes)).toMatchObject({ status })
    const [event] = await ingest.waitForEvents(1)
    expect(event).toMatchObject({ method: 'GET', path, status_code: status, response_size: 0 })
    expect(await app.stats()).toMatchObject({ malformed: 0, captured: 1 })
  })

  scenario('too many on one connection', async ({ ingest, serve }) => {
    const app = await serve({ file: FILE, env: { MAX_REQUESTS: '1' } })
    const request = (path: string): string => `GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`
    await send(app, request('/slow') + request('/dropped'))
    await ingest.waitForEvents(2)
    expect(ingest.events.map(({ path, status_code }) => [path, status_code])).toEqual([
      ['/slow', 200],
      ['/dropped', 503],
    ])
  })
})

describe.concurrent('expectations', () => {
  const CONTINUE = 'host: a\r\nexpect: 100-continue\r\nconnection: close\r\ncontent-length: 5\r\n\r\nhello'
  scenario.for([
    ['/go-on', '', [100], 200, 5, 4],
    ['/go-on', 'yes', [100], 200, 5, 4],
    ['/refused', 'yes', [], 417, 5, 2],
  ] as const)(
    '100-continue, %s, listener: "%s"',
    async ([path, LISTENER, informational, status, up, down], { ingest, serve }) => {
      const app = await serve({ file: 'fixtures/http/expectations.cjs', env: { LISTENER } })
      const wire = await send(app, `PUT ${path} HTTP/1.1\r\n${CONTINUE}`)
      expect(wire).toMatchObject({ status, informational, bodyBytes: down })
      const [event] = await ingest.waitForEvents(1)
      expect(event).toMatchObject({ path, status_code: status, request_size: up, response_size: down })
      expect(await app.stats()).toMatchObject({ captured: 1 })
    },
  )

  scenario('another one, with a listener', async ({ ingest, serve }) => {
    const app = await serve({ file: 'fixtures/http/expectations.cjs', env: { LISTENER: 'yes' } })
    await send(app, 'GET /tea HTTP/1.1\r\nhost: a\r\nexpect: tea\r\nconnection: close\r\n\r\n')
    const [event] = await ingest.waitForEvents(1)
    expect(event).toMatchObject({ path: '/tea', status_code: 200, response_size: 11 })
  })
})
