import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { constants } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { App } from '../../support/app.ts'
import { askHttp2, type Http2Ask } from '../../support/http2-client.ts'
import { exchangeOver, TRANSPORTS } from '../../support/http2-stage.ts'
import { Replaceable } from '../../support/replaceable.ts'
import { Stage } from '../../support/stage.ts'

const FILE_BYTES = 300_000
const directory = mkdtempSync(join(tmpdir(), 'peekapi-http2-'))
const FILE = join(directory, 'file')

let stage: Stage
beforeAll(async () => {
  writeFileSync(FILE, Buffer.alloc(FILE_BYTES, 'x'))
  stage = await Stage.open()
})
afterAll(async () => {
  await stage.close()
  rmSync(directory, { recursive: true })
})

for (const { transport, scheme } of TRANSPORTS) {
  const env = (): Record<string, string> => ({ FILE, ...(scheme === 'https' && stage.tls) })
  const subject = new Replaceable(() => stage.serve({ file: 'fixtures/http2/streams.cjs', env: env() }))
  describe.concurrent(`exchanges that do not end well over ${transport}`, { retry: subject.retry }, () => {
    const exchange = async (path: string, options: Http2Ask = {}): ReturnType<typeof exchangeOver> =>
      exchangeOver(stage, `${scheme}://127.0.0.1:${(await subject.app()).port}`, path, options)

    test('the client resets the stream before any head: 499', async () => {
      const { event } = await exchange('/never', {
        meddle: (stream) =>
          void stream.on('ready', () => setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), 30)),
      })
      expect(event).toMatchObject({ status_code: 499, response_size: 0, metadata: { outcome: 'aborted' } })
      expect(event.response_time_ms).toBeGreaterThan(0)
    })

    test.each([
      ['resets the stream', (stream, _session) => stream.close(constants.NGHTTP2_CANCEL)],
      ['destroys the session', (_stream, session) => session.destroy()],
      ['says that it breaks off', (_stream, session) => session.goaway(constants.NGHTTP2_INTERNAL_ERROR)],
      ['resets the connection', (_stream, session) => session.socket.destroy()],
    ] as ReadonlyArray<[string, NonNullable<Http2Ask['meddle']>]>)(
      'the client %s in the middle of the body: aborted',
      async (_, leave) => {
        const { event, reply } = await exchange('/half', {
          meddle: (stream, session) => void stream.once('data', () => leave(stream, session)),
        })
        expect(reply.body.toString()).toBe('half')
        expect(event).toMatchObject({ status_code: 200, response_size: 4, metadata: { outcome: 'aborted' } })
      },
    )

    test('the client gives up what the server does not read: no head, no time to one', async () => {
      const { event } = await exchange('/paused', {
        method: 'POST',
        meddle: (stream) => {
          stream.write('unread', () => setTimeout(() => stream.close(constants.NGHTTP2_NO_ERROR), 30))
        },
      })
      expect(event).toMatchObject({ status_code: 499, response_size: 0, metadata: { outcome: 'aborted' } })
      expect(event.metadata).not.toHaveProperty('ttfb_ms')
    })

    test('the client resets between body and trailers: aborted', async () => {
      const { event } = await exchange('/trailers', {
        meddle: (stream) => void stream.once('data', () => stream.close(constants.NGHTTP2_CANCEL)),
      })
      expect(event).toMatchObject({ status_code: 200, response_size: 4, metadata: { outcome: 'aborted' } })
    })

    test('the client leaves a file that it does not read: aborted, and not all of the file', async () => {
      const { event } = await exchange('/file', {
        meddle: (stream) => {
          stream.pause()
          stream.on('response', () => setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), 50))
        },
      })
      expect(event).toMatchObject({ status_code: 200, metadata: { outcome: 'aborted' } })
      expect(event.response_size).toBeLessThan(FILE_BYTES)
    })

    test('the client leaves during its upload: what came in', async () => {
      const { event } = await exchange('/read', {
        method: 'POST',
        meddle: (stream, session) => {
          // Not by closing the stream: Node would end the upload first.
          stream.write(Buffer.alloc(5000), () => setTimeout(() => session.destroy(), 50))
        },
      })
      expect(event).toMatchObject({ status_code: 499, request_size: 5000, metadata: { outcome: 'aborted' } })
    })

    test('the client leaves without a reason, before it has read the answer: aborted', async () => {
      const { event, reply } = await exchange('/large', {
        meddle: (stream, session) => {
          stream.pause()
          stream.on('response', () => {
            stream.close(constants.NGHTTP2_NO_ERROR)
            // Node's client would wait for its own unread data.
            setTimeout(() => session.destroy(), 100)
          })
        },
      })
      expect(reply.status).toBe(200)
      expect(event).toMatchObject({ status_code: 200, metadata: { outcome: 'aborted' } })
    })

    test.each([
      ['/unread', 12],
      ['/trailers', 4],
    ])('the client resets after the whole answer of %s: completed', async (path, bytes) => {
      const { event } = await exchange(path, {
        method: 'POST',
        meddle: (stream) => void stream.on('end', () => stream.close(constants.NGHTTP2_CANCEL)),
      })
      expect(event).toMatchObject({ status_code: 200, response_size: bytes })
      expect(event.metadata).not.toHaveProperty('outcome')
    })

    test('the server destroys what ended with its head: completed', async () => {
      const { event } = await exchange('/none-destroyed')
      expect(event).toMatchObject({ status_code: 204, response_size: 0 })
      expect(event.response_time_ms).toBeGreaterThanOrEqual(0)
      expect(event.metadata).not.toHaveProperty('outcome')
    })

    test.each(['/reset-later', '/destroy-later', '/session-destroy'])(
      '%s: the server breaks off: error',
      async (path) => {
        const { event } = await exchange(path)
        expect(event).toMatchObject({ status_code: 200, response_size: 4, metadata: { outcome: 'error' } })
      },
    )

    test('the server closes what the client has given up: aborted', async () => {
      const { event } = await exchange('/closed-when-aborted', {
        meddle: (stream) => void stream.once('data', () => stream.close(constants.NGHTTP2_CANCEL)),
      })
      expect(event).toMatchObject({ status_code: 200, response_size: 4, metadata: { outcome: 'aborted' } })
    })

    test('the client says that it will ask no more, and the server breaks off: error', async () => {
      const { event } = await exchange('/broken-when-told', {
        meddle: (stream, session) =>
          void stream.once('data', () => session.goaway(constants.NGHTTP2_NO_ERROR)),
      })
      expect(event).toMatchObject({ status_code: 200, response_size: 4, metadata: { outcome: 'error' } })
    })

    test('the server resets instead of answering', async () => {
      const { event, reply } = await exchange('/reset')
      expect(reply).toMatchObject({ status: undefined, resetBy: constants.NGHTTP2_INTERNAL_ERROR })
      expect(event).toMatchObject({ status_code: 500, response_size: 0, metadata: { outcome: 'error' } })
    })
  })
}

test('the process ends in the middle of an answer: error, with what was sent', async () => {
  const spool = join(directory, 'spool')
  mkdirSync(spool)
  const env = { FILE, PEEKAPI_STORAGE_PATH: join(spool, 'events.jsonl') }
  const ending = await App.serve({ file: 'fixtures/http2/streams.cjs', env, endpoint: stage.ingest.url })
  const reply = await askHttp2(ending.origin, '/half', {
    meddle: (stream) => void stream.once('data', () => ending.process.kill('SIGTERM')),
  })
  expect(reply.body.toString()).toBe('half')
  expect(await ending.ended).toMatchObject({ signal: 'SIGTERM', stderr: '' })
  const kept = readdirSync(spool).map((name) => readFileSync(join(spool, name), 'utf8'))
  expect(kept.join('\n')).toMatch(/"\/half","status_code":200,.*"response_size":4,.*"outcome":"error"/)
})
