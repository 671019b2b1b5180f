import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, constants } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { App } from '../../support/app.ts'
import { Both } from '../../support/both.ts'
import { Authority } from '../../support/certificates.ts'
import { framesIn } from '../../support/frames.ts'
import { askHttp2, type Http2Ask } from '../../support/http2-client.ts'
import { Ingest } from '../../support/ingest.ts'
import { Relay } from '../../support/relay.ts'
import { until } from '../../support/until.ts'

/** In the order in which the application starts them. */
const SERVERS = ['streams', 'requests', 'streams over TLS', 'requests over TLS'] as const

const authority = new Authority()
const directory = mkdtempSync(join(tmpdir(), 'peekapi-http2-'))
let ingest: Ingest
let both: Both
const relays = new Map<App, readonly Relay[]>()

beforeAll(async () => {
  ingest = await Ingest.start()
  const file = join(directory, 'file')
  writeFileSync(file, Buffer.alloc(300_000, 'x'))
  const { key, cert } = authority.sign('IP:127.0.0.1')
  both = await Both.serve({
    file: 'fixtures/http2/observed.cjs',
    env: { FILE: file, KEY: key, CERT: cert, PEEKAPI_IGNORE_PATHS: '/seen/*,/pulled,/quit' },
    endpoint: ingest.url,
  })
  for (const app of [both.without, both.within]) {
    await until(
      () => app.ports.length === SERVERS.length,
      () => 'all servers',
    )
    const tls = { ca: authority.pem, ALPNProtocols: ['h2'] }
    const targets = app.ports.map((port, n) => (SERVERS[n]!.endsWith('TLS') ? { port, tls } : { port }))
    relays.set(app, await Promise.all(targets.map((target) => Relay.start(target))))
  }
})
afterAll(async () => {
  for (const relay of [...relays.values()].flat()) await relay.close()
  await both.stop()
  await ingest.close()
  authority.remove()
  rmSync(directory, { recursive: true })
})

async function told<Told>(app: App, path: string): Promise<Told> {
  const { body } = await askHttp2(app.origin, path)
  return JSON.parse(body.toString()) as Told
}

/** Node answers it before the application sees it. */
const UNSEEN = '/unseen'

/** Sessions end within milliseconds. */
const CLOSING_MS = 3000

let asked = 0
/** Frames to the client, what it read in them, and what the application saw. */
async function sight(app: App, server: number, path: string, options: Http2Ask): Promise<unknown> {
  const relay = relays.get(app)![server]!
  const name = `exchange-${asked++}`
  const { body, headers, ...reply } = await askHttp2(`http://127.0.0.1:${relay.port}`, path, {
    ...options,
    headers: { ...options.headers, 'x-name': name },
  })
  // Once in a while a session that its server destroyed leaves its connection open: a way to go like others, to be seen again.
  const isClosed = await until(
    () => relay.idle,
    () => '',
    CLOSING_MS,
  ).then(
    () => true,
    () => false,
  )
  relay.drop()
  let seen: string[] = []
  await until(
    async () => {
      seen = await told(app, `/seen/${name}`)
      return path === UNSEEN || seen.some((line) => line.startsWith('at its end'))
    },
    () => `the application's own account of ${path}; ${seen.join('\n')}`,
  )
  const { date: _date, ...others } = headers
  const digest = createHash('sha256').update(body).digest('hex')
  return { frames: framesIn(relay.take()), reply: { ...reply, headers: others, digest }, seen, isClosed }
}

const upload = { method: 'POST', body: Buffer.alloc(40_000, 'u') }
const leave = (code: number): Http2Ask => ({
  meddle: (stream) => void stream.once('data', () => stream.close(code)),
})
const EARLY: Http2Ask = {
  meddle: (stream) =>
    void stream.on('ready', () => setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), 30)),
}
const ENDINGS: ReadonlyArray<readonly [string, Http2Ask]> = [
  ['/never', EARLY],
  ['/half', leave(constants.NGHTTP2_CANCEL)],
]
const STREAMS: ReadonlyArray<readonly [string, Http2Ask]> = [
  ...'/text /latin /status /chunks /piped /large /empty /none /unchanged /missing /early /trailers /file /range /no-file'
    .split(' ')
    .map((path) => [path, {}] as const),
  ...'/descriptor /push /slow /reset /reset-later /destroy-later /session-destroy /session-close /session-goaway'
    .split(' ')
    .map((path) => [path, {}] as const),
  ['/status', { method: 'HEAD' }],
  ['/read', upload],
  ['/unread', upload],
  ...ENDINGS,
]
const REQUESTS: ReadonlyArray<readonly [string, Http2Ask]> = [
  ...'/text /latin /mixed /buffer /empty /nothing /callback /chunks /big /many /length /corked /flushed /trailers /piped'
    .split(' ')
    .map((path) => [path, {}] as const),
  ...'/pipeline /promised /file-gzip /web /from-web /compressed /none /unchanged /missing /late-status /after-end /twice'
    .split(' ')
    .map((path) => [path, {}] as const),
  ['/text', { method: 'HEAD' }],
  [UNSEEN, { headers: { expect: 'miracles' } }],
  ['/read', { ...upload, headers: { expect: '100-continue' } }],
  ['/read', upload],
  ['/unread', upload],
  ['/never', EARLY],
  ['/endless', leave(constants.NGHTTP2_CANCEL)],
]

describe.each(SERVERS.map((name, server) => ({ name, server })))('$name', ({ name, server }) => {
  test.each(name.startsWith('streams') ? STREAMS : REQUESTS)('%s is as without us', async (path, options) => {
    await both.expectSame((app) => sight(app, server, path, options))
  })

  test('a client that does not read makes the application write no more than without us', async () => {
    await both.expectSame(async (app) => {
      const consumer = `stalled-${asked++}`
      const session = connect(`http://127.0.0.1:${relays.get(app)![server]!.port}`)
      session.on('error', () => {})
      // Nobody listens to its data: the window is never opened again.
      session.request({ ':path': '/pull', 'x-name': consumer }).on('error', () => {})
      let last = 0
      for (let same = 0; same < 10;) {
        const pulled = (await told<Record<string, number>>(app, '/pulled'))[consumer] ?? 0
        same = pulled > 0 && pulled === last ? same + 1 : 0
        last = pulled
      }
      session.destroy()
      return last
    })
  })
})

test('all of it was captured, and the end of the process is as without us', async () => {
  let captured = 0
  await until(
    async () => (captured = (await both.within.stats()).captured) >= both.compared,
    () => `the events of ${both.compared} exchanges; there are ${captured}`,
  )
  await both.expectSameEnd((app) => askHttp2(app.origin, '/quit'))
  expect(await both.within.ended).toMatchObject({ code: 3, stderr: 'leaving\n' })
})
