import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import type { App } from '../support/app.ts'
import { Authority } from '../support/certificates.ts'
import { RawClient } from '../support/raw-client.ts'
import { scenario } from '../support/scenario.ts'
import { ask } from '../support/request.ts'
import { expectSettled } from '../support/traffic.ts'
import { until } from '../support/until.ts'

scenario(
  'a server that never listens itself is captured from its first request on',
  async ({ ingest, serve }) => {
    const app = await serve({ file: 'fixtures/http/unlistening.cjs' })
    await ask(app.origin, '/first')
    await ask(app.origin, '/second')
    await ingest.waitForEvents(2)
    expect(ingest.events.map(({ path }) => path)).toEqual(['/first', '/second'])
    await expectSettled(app)
  },
)

scenario(
  'several servers of one process, also of a class of their own, are all captured',
  async ({ ingest, serve }) => {
    const app = await serve({ file: 'fixtures/http/several.cjs' })
    await until(
      () => app.ports.length === 2,
      () => 'the second server',
    )
    for (const port of app.ports) await ask(`http://127.0.0.1:${port}`, '/')
    await ingest.waitForEvents(2)
    expect(ingest.events.map((event) => event.response_size)).toEqual([5, 6])
    await expectSettled(app)
  },
)

scenario('https servers are captured like http ones', async ({ ingest, serve, onTestFinished }) => {
  const authority = new Authority()
  onTestFinished(() => authority.remove())
  const { key, cert } = authority.sign('IP:127.0.0.1')
  const app = await serve({ file: 'fixtures/http/secure.cjs', env: { KEY: key, CERT: cert } })
  await new Promise((resolve, reject) => {
    request(
      { port: app.port, host: '127.0.0.1', path: '/secure', ca: authority.pem, agent: false },
      (response) => {
        response.resume().on('end', resolve)
      },
    )
      .on('error', reject)
      .end()
  })
  const [event] = await ingest.waitForEvents(1)
  expect(event).toMatchObject({ method: 'GET', path: '/secure', status_code: 200, response_size: 6 })
  await expectSettled(app)
})

/** A TLS record, which a client gets as a whole or not at all. */
const RECORD_BYTES = 16_384
const TOO_MUCH = 20_000_000

interface Kind {
  readonly env?: Record<string, string>
  readonly connect: (app: App) => RawClient
  /** How far the event may be from what the client could read. Default 0. */
  readonly grain?: number
}

const overTcp = (app: App): RawClient => new RawClient({ port: app.ports.at(-1)!, host: '127.0.0.1' })
const KINDS = ['tcp', 'unix', 'tls', 'handed', 'tunnelled', 'late'] as const

/** What a kind of server needs, and how to reach it. */
function kindOf(name: (typeof KINDS)[number], onTestFinished: (remove: () => void) => void): Kind {
  if (name === 'unix') {
    const folder = mkdtempSync(join(tmpdir(), 'peekapi-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const path = join(folder, 'http.sock')
    return { env: { SOCKET: path }, connect: () => new RawClient({ path }) }
  }
  if (name === 'tls') {
    const authority = new Authority()
    onTestFinished(() => authority.remove())
    const { key, cert } = authority.sign('IP:127.0.0.1')
    return {
      env: { KEY: key, CERT: cert },
      connect: ({ port }) => new RawClient({ port, host: '127.0.0.1', ca: authority.pem }),
      grain: RECORD_BYTES,
    }
  }
  return { connect: overTcp }
}

describe.concurrent('every kind of server, by every kind of ending', () => {
  scenario.for(KINDS)('%s', async (name, { ingest, serve, onTestFinished }) => {
    const { env, connect, grain = 0 } = kindOf(name, onTestFinished)
    const app = await serve({
      file: 'fixtures/http/kinds.cjs',
      env: { KIND: name, PEEKAPI_IGNORE_PATHS: '/cut,/first', ...env },
    })
    if (name === 'late')
      await until(
        () => app.ports.length === 2,
        () => 'the late server',
      )
    const ask = (path: string, headers: string = '', body: string = ''): RawClient =>
      connect(app).send(`POST ${path} HTTP/1.1\r\nhost: a\r\n${headers}\r\n${body}`)

    await ask('/upload', 'connection: close\r\ncontent-length: 5\r\n', 'hello').ended()
    const early = ask('/unread', 'content-length: 10\r\n', 'five.')
    await early.got('early')
    await early.send('five.')
    const left = ask('/never', 'content-length: 10\r\n', 'five.')
    await left.got('begun')
    left.leave()
    const unread = ask('/much', 'content-length: 0\r\n')
    await unread.got('\r\n\r\n')
    unread.socket.pause()
    await ask('/cut', 'connection: close\r\ncontent-length: 0\r\n').ended()
    unread.socket.resume()
    const wire = await unread.answer()

    await ingest.waitForEvents(4)
    const events = new Map(ingest.events.map((event) => [event.path, event]))
    expect(events.get('/upload')).toMatchObject({ status_code: 200, request_size: 5, response_size: 6 })
    expect(events.get('/unread')).toMatchObject({ status_code: 200, request_size: 10, response_size: 5 })
    expect(events.get('/never')).toMatchObject({
      status_code: 200,
      request_size: 5,
      response_size: 5,
      metadata: { outcome: 'aborted' },
    })
    const broken = events.get('/much')!
    expect(broken).toMatchObject({ status_code: 200, metadata: { outcome: expect.any(String) as string } })
    // A tunnel's own buffers are the application's affair: all was handed to it.
    if (name === 'tunnelled') expect(broken.response_size).toBe(TOO_MUCH)
    else {
      expect(broken.response_size).toBeLessThan(TOO_MUCH)
      expect(broken.response_size - wire!.bodyBytes).toBeGreaterThanOrEqual(0)
      expect(broken.response_size - wire!.bodyBytes).toBeLessThanOrEqual(grain)
    }
    expect(await app.stats()).toMatchObject({ captured: 4, malformed: 0 })
    await expectSettled(app)
  })
})
