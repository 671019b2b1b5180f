import { constants } from 'node:http2'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { App } from '../../support/app.ts'
import { askHttp2 } from '../../support/http2-client.ts'
import { exchangeOver } from '../../support/http2-stage.ts'
import { RawClient } from '../../support/raw-client.ts'
import { ask } from '../../support/request.ts'
import { Stage } from '../../support/stage.ts'
import { until } from '../../support/until.ts'

let stage: Stage
beforeAll(async () => {
  stage = await Stage.open()
})
afterAll(() => stage.close())

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

/** Releases before tell of no streams; the Node of the tests does, and NODE_UNDER_TEST is the oldest. */
test.skipIf(process.env['NODE_UNDER_TEST'] !== undefined)(
  'a server that never listens itself is captured from its first stream on',
  async () => {
    const app = await stage.serve({ file: 'fixtures/http2/unlistening.cjs', env: stage.tls })
    await until(
      () => app.ports.length === 2,
      () => 'both servers',
    )
    for (const [path, origin] of [
      ['/unlistening-first', app.origin],
      ['/unlistening-second', app.origin],
      ['/unlistening-secure', `https://127.0.0.1:${app.ports[1]}`],
    ] as const) {
      const { event, reply } = await exchangeOver(stage, origin, path)
      expect(event).toMatchObject({ path, status_code: 200, response_size: reply.body.byteLength })
    }
  },
)

test('routes of frameworks are told over HTTP/2 too', async () => {
  const app = await stage.serve({ file: 'fixtures/fastify/5/http2.cjs' })
  const { event } = await exchangeOver(stage, app.origin, '/users/42')
  expect(event).toMatchObject({ path: '/users/:id', metadata: { framework: 'fastify', protocol: 'h2' } })
})

test('a server of HTTP/1 does not make us load node:http2', async () => {
  const app = await App.serve({
    file: 'fixtures/http/app.cjs',
    execArgv: ['--require', './test/support/loaded.cjs'],
    endpoint: stage.ingest.url,
  })
  await ask(app.origin, '/loaded')
  const { stdout } = await app.stop()
  expect(stdout).toContain('loaded: http ')
  expect(stdout).not.toContain('http2')
})

describe('servers', () => {
  let app: App
  beforeAll(async () => {
    app = await stage.serve({ file: 'fixtures/http2/several.cjs' })
    await until(
      () => app.ports.length === 3,
      () => 'all servers',
    )
  })

  test('streams and requests both listened to: one event', async () => {
    for (const path of ['/stream', '/request']) {
      const name = `both ${path}`
      const reply = await askHttp2(app.origin, path, { headers: { 'x-api-key': name } })
      if (path === '/request')
        expect(await stage.eventOf(name)).toMatchObject({ path, response_size: reply.body.byteLength })
    }
    expect(await stage.eventOf('after await')).toMatchObject({ path: '/stream', response_size: 6 })
    await app.stats()
    expect(stage.ingest.events.filter(({ path }) => path === '/stream' || path === '/request')).toHaveLength(
      2,
    )
  })

  test('a request handed on to a second server: one event, and setConsumer works there', async () => {
    await askHttp2(app.origin, '/handed-on')
    expect(await stage.eventOf('inner /handed-on')).toMatchObject({ path: '/handed-on', response_size: 5 })
    await askHttp2(`http://127.0.0.1:${app.ports[1]}`, '/direct')
    expect(await stage.eventOf('inner /direct')).toMatchObject({ path: '/direct', response_size: 5 })
    await askHttp2(app.origin, '/queued')
    expect(await stage.eventOf('inner /queued')).toMatchObject({ path: '/queued', response_size: 5 })
    for (const handed of ['/handed-on', '/queued'])
      expect(stage.ingest.events.filter(({ path }) => path === handed)).toHaveLength(1)
  })

  test('a stream handed on to a second server: one event', async () => {
    await askHttp2(`http://127.0.0.1:${app.ports[2]}`, '/stream-handed-on')
    expect(await stage.eventOf('inner /stream-handed-on')).toMatchObject({ response_size: 5 })
    await app.stats()
    expect(stage.ingest.events.filter(({ path }) => path === '/stream-handed-on')).toHaveLength(1)
  })

  test('a client that asks and resets in one packet: one event, aborted', async () => {
    const name = 'in one packet'
    const client = new RawClient({ port: app.port, host: '127.0.0.1' })
    client.send(Buffer.concat([PREFACE, frame(SETTINGS, 0, 0, ''), requestFrame(name), resetFrame()]))
    expect(await stage.eventOf(name)).toMatchObject({ path: '/', metadata: { outcome: 'aborted' } })
    client.reset()
    await client.ended()
  })

  test('ignored paths are counted once, whatever API answers them; others are followed from server to server', async () => {
    const ignoring = await stage.serve({
      file: 'fixtures/http2/several.cjs',
      env: { PEEKAPI_IGNORE_PATHS: '/handed-on,/request' },
    })
    // The first that asks for it, where nothing is followed yet.
    await askHttp2(ignoring.origin, '/handed-on-later')
    expect(await stage.eventOf('inner /handed-on-later')).toMatchObject({ response_size: 5 })
    await askHttp2(ignoring.origin, '/handed-on')
    await askHttp2(ignoring.origin, '/request')
    expect(await ignoring.stats()).toMatchObject({ captured: 1, ignored: 2 })
  })
})
