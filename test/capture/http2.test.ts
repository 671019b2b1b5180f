import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { constants } from 'node:http2'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ApiEvent } from '../../src/types/client.ts'
import { App, type AppOptions } from '../support/app.ts'
import { Authority } from '../support/certificates.ts'
import { ask } from '../support/request.ts'
import { askHttp2, type Http2Ask, type Http2Reply } from '../support/http2-client.ts'
import { Ingest } from '../support/ingest.ts'
import { RawClient } from '../support/raw-client.ts'
import { expectSettled } from '../support/traffic.ts'
import { until } from '../support/until.ts'

const FILE_BYTES = 300_000
const authority = new Authority()
const identity = authority.sign('IP:127.0.0.1,DNS:localhost')
const tls = { KEY: identity.key, CERT: identity.cert }
const directory = mkdtempSync(join(tmpdir(), 'peekapi-http2-'))
const FILE = join(directory, 'file')

let ingest: Ingest
const apps: App[] = []
beforeAll(async () => {
  writeFileSync(FILE, Buffer.alloc(FILE_BYTES, 'x'))
  ingest = await Ingest.start()
})
afterAll(async () => {
  for (const app of apps) {
    await expectSettled(app)
    await app.stop()
  }
  await ingest.close()
  authority.remove()
  rmSync(directory, { recursive: true })
})

async function serve(options: AppOptions): Promise<App> {
  const app = await App.serve({ ...options, env: { FILE, ...options.env }, endpoint: ingest.url })
  apps.push(app)
  return app
}

let asked = 0
async function exchange(
  origin: string,
  path: string | undefined,
  options: Http2Ask = {},
): Promise<{ event: ApiEvent; reply: Http2Reply }> {
  const name = `request-${asked++}`
  const reply = await askHttp2(origin, path, {
    ca: authority.pem,
    ...options,
    headers: { ...options.headers, 'x-api-key': name },
  })
  return { reply, event: await eventOf(name) }
}

async function eventOf(name: string): Promise<ApiEvent> {
  const find = (): ApiEvent[] => ingest.events.filter((event) => event.consumer_id === name)
  await until(
    () => find().length > 0,
    () => `the event of ${name}`,
  )
  expect(find()).toHaveLength(1)
  return find()[0]!
}

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
const HEADERS = 1
const RST_STREAM = 3
const SETTINGS = 4
const END_STREAM_AND_HEADERS = 5

function frame(type: number, flags: number, stream: number, payload: string): Buffer {
  const length = payload.length
  const head = [length >> 16, length >> 8, length, type, flags, 0, 0, 0, stream]
  return Buffer.concat([Buffer.from(head), Buffer.from(payload, 'latin1')])
}

/** GET / over http, of the static table; then the authority and a header that is in no table. */
function requestFrame(key: string): Buffer {
  const literal = (text: string): string => String.fromCharCode(text.length) + text
  return frame(
    HEADERS,
    END_STREAM_AND_HEADERS,
    1,
    `\x82\x86\x84\x01${literal('a')}\0${literal('x-api-key')}${literal(key)}`,
  )
}

function resetFrame(): Buffer {
  return frame(RST_STREAM, 0, 1, `\0\0\0${String.fromCharCode(constants.NGHTTP2_CANCEL)}`)
}

const transports = [
  { transport: 'cleartext', scheme: 'http', env: {} },
  { transport: 'TLS', scheme: 'https', env: tls },
]

describe.concurrent.each(transports)('the stream API over $transport', ({ scheme, env }) => {
  let origin: string
  beforeAll(async () => {
    const app = await serve({ file: 'fixtures/http2/streams.cjs', env })
    origin = `${scheme}://127.0.0.1:${app.port}`
  })

  test.each([
    '/text',
    '/latin',
    '/status',
    '/chunks',
    '/piped',
    '/large',
    '/empty',
    '/none',
    '/unchanged',
    '/missing',
    '/early',
    '/trailers',
    '/file',
    '/range',
    '/no-file',
    '/descriptor',
    '/push',
    '/slow',
    '/nowhere',
    '/session-close',
    '/session-goaway',
  ])('%s: what the client saw', async (path) => {
    const { event, reply } = await exchange(origin, path)
    expect(event).toMatchObject({
      method: 'GET',
      path,
      status_code: reply.status,
      request_size: 0,
      response_size: reply.body.byteLength,
    })
    expect(event.metadata).toMatchObject({ protocol: 'h2' })
    expect(event.metadata).not.toHaveProperty('outcome')
  })

  test.each(['/status', '/none', '/trailers'])('HEAD %s has no body', async (path) => {
    const { event, reply } = await exchange(origin, path, { method: 'HEAD' })
    expect(reply.body.byteLength).toBe(0)
    expect(event).toMatchObject({ method: 'HEAD', path, status_code: reply.status, response_size: 0 })
    expect(event.metadata).not.toHaveProperty('outcome')
  })

  test('answers that are more than a head and a body arrive as they are, and count as body alone', async () => {
    expect((await exchange(origin, '/early')).reply.informational).toEqual([103])
    expect((await exchange(origin, '/trailers')).reply.trailers).toMatchObject({ checksum: 'abc' })
    expect((await exchange(origin, '/push')).reply.pushed).toEqual([{ path: '/pushed', body: 'pushed body' }])
    expect(ingest.events.filter(({ path }) => path === '/pushed')).toEqual([])
  })

  test.each(['/read', '/unread'])('%s: uploads count, read or not', async (path) => {
    const { event, reply } = await exchange(origin, path, { method: 'POST', body: Buffer.alloc(40_000) })
    expect(reply.status).toBe(200)
    expect(event).toMatchObject({
      method: 'POST',
      request_size: 40_000,
      response_size: reply.body.byteLength,
    })
    expect(event.metadata).not.toHaveProperty('outcome')
  })

  test('a slow answer: the total and the time to its first byte', async () => {
    const { event } = await exchange(origin, '/slow')
    expect(event.response_time_ms).toBeGreaterThanOrEqual(55)
    expect(event.metadata!['ttfb_ms']).toBeLessThan(event.response_time_ms - 40)
  })

  test('trailers that come late are part of the answer', async () => {
    expect((await exchange(origin, '/trailers')).event.response_time_ms).toBeGreaterThanOrEqual(25)
  })

  test('neither query nor trace context get lost or leak', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const { event } = await exchange(origin, '/text?token=secret', { headers: { traceparent } })
    expect(JSON.stringify(event)).not.toContain('secret')
    expect(event.metadata).toMatchObject({ trace_id: '0af7651916cd43dd8448eb211c80319c' })
  })

  describe('exchanges that do not end well', () => {
    test('the client resets the stream before any head: 499', async () => {
      const { event } = await exchange(origin, '/never', {
        meddle: (stream) =>
          void stream.on('ready', () => setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), 30)),
      })
      expect(event).toMatchObject({ status_code: 499, response_size: 0, metadata: { outcome: 'aborted' } })
    })

    test.each([
      ['resets the stream', (stream, _session) => stream.close(constants.NGHTTP2_CANCEL)],
      ['destroys the session', (_stream, session) => session.destroy()],
      ['says that it breaks off', (_stream, session) => session.goaway(constants.NGHTTP2_INTERNAL_ERROR)],
      ['resets the connection', (_stream, session) => session.socket.destroy()],
    ] as ReadonlyArray<[string, NonNullable<Http2Ask['meddle']>]>)(
      'the client %s in the middle of the body: aborted',
      async (_, leave) => {
        const { event, reply } = await exchange(origin, '/half', {
          meddle: (stream, session) => void stream.once('data', () => leave(stream, session)),
        })
        expect(reply.body.toString()).toBe('half')
        expect(event).toMatchObject({ status_code: 200, response_size: 4, metadata: { outcome: 'aborted' } })
      },
    )

    test('the client leaves a file that it does not read: aborted, and not all of the file', async () => {
      const { event } = await exchange(origin, '/file', {
        meddle: (stream) => {
          stream.pause()
          stream.on('response', () => setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), 50))
        },
      })
      expect(event).toMatchObject({ status_code: 200, metadata: { outcome: 'aborted' } })
      expect(event.response_size).toBeLessThan(FILE_BYTES)
    })

    test('the client leaves during its upload: what came in', async () => {
      const { event } = await exchange(origin, '/read', {
        method: 'POST',
        meddle: (stream, session) => {
          // Not by closing the stream: Node would end the upload first.
          stream.write(Buffer.alloc(5000), () => setTimeout(() => session.destroy(), 50))
        },
      })
      expect(event).toMatchObject({ status_code: 499, request_size: 5000, metadata: { outcome: 'aborted' } })
    })

    test('the client leaves without a reason, before it has read the answer: aborted', async () => {
      const { event, reply } = await exchange(origin, '/large', {
        meddle: (stream, session) => {
          stream.pause()
          stream.on('response', () => stream.close(constants.NGHTTP2_NO_ERROR))
          // Node's client would wait for its own unread data.
          setTimeout(() => session.destroy(), 100)
        },
      })
      expect(reply.status).toBe(200)
      expect(event).toMatchObject({ status_code: 200, metadata: { outcome: 'aborted' } })
    })

    test('the client resets after the whole answer: completed', async () => {
      const { event } = await exchange(origin, '/unread', {
        method: 'POST',
        meddle: (stream) => void stream.on('end', () => stream.close(constants.NGHTTP2_CANCEL)),
      })
      expect(event).toMatchObject({ status_code: 200, response_size: 12 })
      expect(event.metadata).not.toHaveProperty('outcome')
    })

    test.each(['/reset-later', '/destroy-later', '/session-destroy'])(
      '%s: the server breaks off: error',
      async (path) => {
        const { event } = await exchange(origin, path)
        expect(event).toMatchObject({ status_code: 200, response_size: 4, metadata: { outcome: 'error' } })
      },
    )

    test('the server resets instead of answering', async () => {
      const { event, reply } = await exchange(origin, '/reset')
      expect(reply).toMatchObject({ status: undefined, resetBy: constants.NGHTTP2_INTERNAL_ERROR })
      expect(event).toMatchObject({ status_code: 500, response_size: 0, metadata: { outcome: 'error' } })
    })
  })
})

describe.concurrent.each(transports)('the compatibility API over $transport', ({ scheme, env }) => {
  let app: App
  let origin: string
  beforeAll(async () => {
    app = await serve({ file: 'fixtures/http2/compatible.cjs', env })
    origin = `${scheme}://127.0.0.1:${app.port}`
  })

  test.each([
    '/text',
    '/latin',
    '/wide',
    '/hex',
    '/base',
    '/mixed',
    '/buffer',
    '/bytes',
    '/empty',
    '/nothing',
    '/callback',
    '/chunks',
    '/big',
    '/many',
    '/length',
    '/corked',
    '/flushed',
    '/trailers',
    '/piped',
    '/pipeline',
    '/promised',
    '/file-gzip',
    '/brotli',
    '/web',
    '/from-web',
    '/compressed',
    '/none',
    '/unchanged',
    '/missing',
    '/late-status',
    '/twice',
  ])('%s: what the client saw, once', async (path) => {
    const { event, reply } = await exchange(origin, path)
    expect(event).toMatchObject({
      method: 'GET',
      path,
      status_code: reply.status,
      request_size: 0,
      response_size: reply.body.byteLength,
      metadata: { protocol: 'h2' },
    })
    expect(event.metadata).not.toHaveProperty('outcome')
  })

  test('HEAD, uploads, and an upload that waits to be asked for', async () => {
    const head = await exchange(origin, '/text', { method: 'HEAD' })
    expect(head.event).toMatchObject({ method: 'HEAD', status_code: 200, response_size: 0 })
    const upload = await exchange(origin, '/read', { method: 'POST', body: 'grüße' })
    expect(upload.event).toMatchObject({ request_size: 7, response_size: upload.reply.body.byteLength })
    const asking = await exchange(origin, '/read', {
      method: 'POST',
      body: 'grüße',
      headers: { expect: '100-continue' },
    })
    expect(asking.reply.informational).toEqual([100])
    expect(asking.event).toMatchObject({ status_code: 200, request_size: 7 })
  })

  test('an expectation that Node refuses by itself', async () => {
    const { event, reply } = await exchange(origin, '/text', { headers: { expect: 'miracles' } })
    expect(reply.status).toBe(417)
    expect(event).toMatchObject({ status_code: 417, response_size: 0 })
  })

  test('the client leaves', async () => {
    const early = await exchange(origin, '/never', {
      meddle: (stream) =>
        void stream.on('ready', () => setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), 30)),
    })
    expect(early.event).toMatchObject({ status_code: 499, metadata: { outcome: 'aborted' } })
    const late = await exchange(origin, '/endless', {
      meddle: (stream) => void stream.once('data', () => stream.close(constants.NGHTTP2_CANCEL)),
    })
    expect(late.event).toMatchObject({ status_code: 200, metadata: { outcome: 'aborted' } })
    expect(late.event.response_size).toBeGreaterThanOrEqual(late.reply.body.byteLength)
  })

  test.runIf(scheme === 'https')('clients of HTTP/1 are served and captured as such', async () => {
    await new Promise((resolve, reject) => {
      request(
        {
          port: app.port,
          host: '127.0.0.1',
          path: '/text',
          ca: authority.pem,
          agent: false,
          headers: { 'x-api-key': 'over http/1' },
        },
        (response) => response.resume().on('end', resolve),
      )
        .on('error', reject)
        .end()
    })
    const event = await eventOf('over http/1')
    expect(event).toMatchObject({
      path: '/text',
      status_code: 200,
      response_size: Buffer.byteLength('grüße, größe, maß '),
    })
    expect(event.metadata ?? {}).not.toHaveProperty('protocol')
  })
})

describe('tunnels', () => {
  const echoing: Http2Ask = {
    method: 'CONNECT',
    meddle: (stream) => {
      stream.on('response', () => stream.write('hello'))
      stream.on('data', () => stream.end())
    },
  }

  test('CONNECT is over when it is accepted, and may be refused', async () => {
    const app = await serve({ file: 'fixtures/http2/tunnels.cjs' })
    const accepted = await exchange(app.origin, undefined, {
      ...echoing,
      headers: { ':authority': 'example.com:443' },
    })
    expect(accepted.reply.body.toString()).toBe('hello')
    expect(accepted.event).toMatchObject({
      method: 'CONNECT',
      path: '/{authority}',
      status_code: 200,
      request_size: 0,
      response_size: 0,
      metadata: { outcome: 'upgraded', protocol: 'h2' },
    })
    const refused = await exchange(app.origin, undefined, {
      method: 'CONNECT',
      headers: { ':authority': 'refused:443' },
    })
    expect(refused.event).toMatchObject({ status_code: 403 })
    expect(refused.event.metadata).not.toHaveProperty('outcome')
  })

  test('a WebSocket, with the end of its stream by PEEKAPI_WEBSOCKETS=full', async () => {
    const app = await serve({ file: 'fixtures/http2/tunnels.cjs', env: { PEEKAPI_WEBSOCKETS: 'full' } })
    const name = 'websocket over http2'
    const reply = await askHttp2(app.origin, '/chat/42', {
      ...echoing,
      headers: { ':protocol': 'websocket', 'x-api-key': name },
    })
    expect(reply.body.toString()).toBe('hello')
    const ofName = (): ApiEvent[] => ingest.events.filter((event) => event.consumer_id === name)
    await until(
      () => ofName().length === 2,
      () => 'both events',
    )
    const [handshake, end] = ofName()
    const common = { path: '/chat/{id}', status_code: 200, request_size: 0, response_size: 0 }
    expect(handshake).toMatchObject({ ...common, metadata: { outcome: 'upgraded', protocol: 'websocket' } })
    expect(end).toMatchObject({
      ...common,
      metadata: { outcome: 'closed', protocol: 'websocket', bytes_received: 5, bytes_sent: 5 },
    })
  })
})

/** Releases before tell of no streams; the Node of the tests does, and NODE_UNDER_TEST is the oldest. */
test.skipIf(process.env['NODE_UNDER_TEST'] !== undefined)(
  'a server that never listens itself is captured from its first stream on',
  async () => {
    const app = await serve({ file: 'fixtures/http2/unlistening.cjs' })
    for (const path of ['/unlistening-first', '/unlistening-second']) {
      const { event, reply } = await exchange(app.origin, path)
      expect(event).toMatchObject({ path, status_code: 200, response_size: reply.body.byteLength })
    }
  },
)

test('routes of frameworks are told over HTTP/2 too', async () => {
  const app = await serve({ file: 'fixtures/fastify/5/http2.cjs' })
  const { event } = await exchange(app.origin, '/users/42')
  expect(event).toMatchObject({ path: '/users/:id', metadata: { framework: 'fastify', protocol: 'h2' } })
})

test('a server of HTTP/1 does not make us load node:http2', async () => {
  const app = await App.serve({
    file: 'fixtures/http/app.cjs',
    execArgv: ['--require', './test/support/loaded.cjs'],
    endpoint: ingest.url,
  })
  await ask(app.origin, '/loaded')
  const { stdout } = await app.stop()
  expect(stdout).toContain('loaded: http ')
  expect(stdout).not.toContain('http2')
})

describe('servers', () => {
  let app: App
  beforeAll(async () => {
    app = await serve({ file: 'fixtures/http2/several.cjs' })
    await until(
      () => app.ports.length === 2,
      () => 'the second server',
    )
  })

  test('streams and requests both listened to: one event', async () => {
    for (const path of ['/stream', '/request']) {
      const name = `both ${path}`
      const reply = await askHttp2(app.origin, path, { headers: { 'x-api-key': name } })
      if (path === '/request')
        expect(await eventOf(name)).toMatchObject({ path, response_size: reply.body.byteLength })
    }
    expect(await eventOf('after await')).toMatchObject({ path: '/stream', response_size: 6 })
    await app.stats()
    expect(ingest.events.filter(({ path }) => path === '/stream' || path === '/request')).toHaveLength(2)
  })

  test('a request handed on to a second server: one event, and setConsumer works there', async () => {
    await askHttp2(app.origin, '/handed-on')
    expect(await eventOf('inner /handed-on')).toMatchObject({ path: '/handed-on', response_size: 5 })
    await askHttp2(`http://127.0.0.1:${app.ports[1]}`, '/direct')
    expect(await eventOf('inner /direct')).toMatchObject({ path: '/direct', response_size: 5 })
    expect(ingest.events.filter(({ path }) => path === '/handed-on')).toHaveLength(1)
  })

  test('a client that asks and resets in one packet: one event, aborted', async () => {
    const name = 'in one packet'
    const client = new RawClient({ port: app.port, host: '127.0.0.1' })
    client.send(Buffer.concat([PREFACE, frame(SETTINGS, 0, 0, ''), requestFrame(name), resetFrame()]))
    expect(await eventOf(name)).toMatchObject({ path: '/', metadata: { outcome: 'aborted' } })
    client.reset()
    await client.ended()
  })

  test('ignored paths are counted once, whatever API answers them', async () => {
    const ignoring = await serve({
      file: 'fixtures/http2/several.cjs',
      env: { PEEKAPI_IGNORE_PATHS: '/handed-on,/request' },
    })
    await askHttp2(ignoring.origin, '/handed-on')
    await askHttp2(ignoring.origin, '/request')
    expect(await ignoring.stats()).toMatchObject({ captured: 0, ignored: 2 })
  })

  test('the process ends in the middle of an answer: error, with what was sent', async () => {
    const spool = join(directory, 'spool')
    mkdirSync(spool)
    const env = { FILE, PEEKAPI_STORAGE_PATH: join(spool, 'events.jsonl') }
    const ending = await App.serve({ file: 'fixtures/http2/streams.cjs', env, endpoint: ingest.url })
    const reply = await askHttp2(ending.origin, '/half', {
      meddle: (stream) => void stream.once('data', () => ending.process.kill('SIGTERM')),
    })
    expect(reply.body.toString()).toBe('half')
    expect(await ending.ended).toMatchObject({ signal: 'SIGTERM', stderr: '' })
    const kept = readdirSync(spool).map((name) => readFileSync(join(spool, name), 'utf8'))
    expect(kept.join('\n')).toMatch(/"\/half","status_code":200,.*"response_size":4,.*"outcome":"error"/)
  })
})
