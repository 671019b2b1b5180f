import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ApiEvent } from '../../src/types/client.ts'
import { App } from '../support/app.ts'
import { askRaw, bodyOf, statusOf, type RawAsk } from '../support/raw-ask.ts'
import { RawClient } from '../support/raw-client.ts'
import { ask } from '../support/request.ts'
import { Stage } from '../support/stage.ts'
import { until } from '../support/until.ts'

let stage: Stage
beforeAll(async () => {
  stage = await Stage.open()
})
afterAll(() => stage.close())

/** Asks to upgrade by hand and gives the answer with its event. */
async function upgrade(
  app: App,
  path: string,
  options: RawAsk = {},
): Promise<{ event: ApiEvent; answer: string }> {
  const name = stage.newName()
  const head = `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: own\r\nx-api-key: ${name}\r\n\r\n`
  const answer = await askRaw(app.port, head, options)
  const [event] = await stage.eventsOf(name)
  return { event: event!, answer }
}

describe('answers written by hand', () => {
  let app: App
  beforeAll(async () => {
    app = await stage.serve({ file: 'fixtures/upgrade/raw.cjs' })
  })

  /** Leaves once the answer's head is there. */
  const leave: RawAsk = {
    meddle: (socket, received) => void (/ (?:101|407) [^]*\r\n\r\n/.test(received) && socket.destroy()),
  }

  test.each(['/accept', '/buffer', '/split', '/corked', '/latin', '/hinted', '/accept-and-destroy'])(
    '%s: accepted, and nothing of ours stays on the connection',
    async (path) => {
      const { event, answer } = await upgrade(app, path, leave)
      expect(answer).toContain('HTTP/1.1 101 ')
      expect(event).toMatchObject({ path, status_code: 101, metadata: { outcome: 'upgraded' } })
      expect(event.metadata).not.toHaveProperty('protocol')
    },
  )

  test.each(['/refuse', '/refuse-slowly', '/refuse-and-destroy', '/message'])(
    '%s: refused with status and body',
    async (path) => {
      const { event, answer } = await upgrade(app, path)
      expect(event).toMatchObject({
        path,
        status_code: statusOf(answer),
        response_size: Buffer.byteLength(bodyOf(answer), 'latin1'),
      })
      expect(event.metadata ?? {}).not.toHaveProperty('outcome')
    },
  )

  test('a head that takes its time: until all of it is there', async () => {
    const accepted = await upgrade(app, '/accept-slowly', leave)
    expect(accepted.event.response_time_ms).toBeGreaterThanOrEqual(20)
    const refused = await upgrade(app, '/refuse-slowly')
    expect(refused.event.metadata!['ttfb_ms']).toBeLessThan(refused.event.response_time_ms - 20)
  })

  test.each(['/garbage', '/destroy', '/silence'])('%s: no answer at all', async (path) => {
    const { event } = await upgrade(app, path)
    expect(event).toMatchObject({ path, status_code: 500, metadata: { outcome: 'error' } })
  })

  test('/never: the client leaves', async () => {
    const { event } = await upgrade(app, '/never', {
      meddle: (socket) => void setTimeout(() => socket.resetAndDestroy(), 30),
    })
    expect(event).toMatchObject({ status_code: 499, metadata: { outcome: 'aborted' } })
    expect(event.response_time_ms).toBeGreaterThan(0)
  })

  test('what the application finds on the connection is what it finds without us', async () => {
    const found = async (preload: 'none' | '--import'): Promise<string> => {
      const bare = preload === 'none' ? await App.serve({ file: 'fixtures/upgrade/raw.cjs', preload }) : app
      const answer = await askRaw(
        bare.port,
        'GET /look HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: own\r\n\r\n',
      )
      if (preload === 'none') await bare.stop()
      return answer
    }
    expect(await found('--import')).toBe(await found('none'))
  })

  test('CONNECT: a tunnel', async ({ onTestFinished }) => {
    const upstream = createServer((socket) => socket.end('through the tunnel')).listen(0, '127.0.0.1')
    onTestFinished(() => void upstream.close())
    await once(upstream, 'listening')
    const name = stage.newName()
    const { port } = upstream.address() as AddressInfo
    const answer = await askRaw(
      app.port,
      `CONNECT 127.0.0.1:${port} HTTP/1.1\r\nHost: a\r\nx-api-key: ${name}\r\n\r\n`,
    )
    expect(bodyOf(answer)).toBe('through the tunnel')
    const [event] = await stage.eventsOf(name)
    expect(event).toMatchObject({
      method: 'CONNECT',
      status_code: 200,
      response_size: 0,
      metadata: { outcome: 'upgraded' },
    })
  })

  test('CONNECT: refused', async () => {
    const name = stage.newName()
    const answer = await askRaw(
      app.port,
      `CONNECT refused.example:443 HTTP/1.1\r\nHost: a\r\nx-api-key: ${name}\r\n\r\n`,
      leave,
    )
    expect(statusOf(answer)).toBe(407)
    const [event] = await stage.eventsOf(name)
    expect(event).toMatchObject({ method: 'CONNECT', status_code: 407 })
    expect(event!.metadata ?? {}).not.toHaveProperty('outcome')
  })
})

test('with PEEKAPI_WEBSOCKETS=full only what crossed behind the handshake is counted, once', async () => {
  const app = await App.serve({
    file: 'fixtures/upgrade/raw.cjs',
    env: { PEEKAPI_WEBSOCKETS: 'full' },
    endpoint: stage.ingest.url,
  })
  const head = (name: string): string =>
    `GET /wrapped HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: own\r\nx-api-key: ${name}\r\n\r\n`
  const names = [stage.newName(), stage.newName()]
  for (const [n, before] of ['', 'GET /before HTTP/1.1\r\nHost: a\r\n\r\n'].entries()) {
    await askRaw(app.port, `${before}${head(names[n]!)}early bytes`, {
      meddle: (socket, received) => void (received.endsWith('last words') && socket.destroy()),
    })
  }
  for (const name of names) {
    const [, connection] = await stage.eventsOf(name, 2)
    expect(connection).toMatchObject({
      metadata: {
        outcome: 'closed',
        bytes_received: 'early bytes'.length,
        bytes_sent: 'first wordslast words'.length,
      },
    })
  }
  // Nothing is left that would be an event of its own at the end.
  await app.stop()
  for (const name of names) await stage.eventsOf(name, 2)
})

describe('without a listener', () => {
  test('an upgrade is an ordinary request; CONNECT is closed by Node and no exchange', async () => {
    const app = await stage.serve({ file: 'fixtures/upgrade/unheard.cjs' })
    const name = stage.newName()
    const answer = await ask(app.origin, '/plain', {
      headers: { connection: 'upgrade', upgrade: 'websocket', 'x-api-key': name },
    })
    expect(answer.status).toBe(200)
    const [event] = await stage.eventsOf(name)
    expect(event).toMatchObject({ status_code: 200, response_size: 5 })
    expect(event!.metadata ?? {}).not.toHaveProperty('protocol')
    expect(await askRaw(app.port, 'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n')).toBe('')
    expect((await app.stats()).captured).toBe(1)
  })
})

test('setConsumer behind the answer still names the caller', async () => {
  const app = await stage.serve({ file: 'fixtures/http/upgrade-consumer.cjs' })
  await askRaw(app.port, 'GET /own HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: own\r\n\r\n')
  const [event] = await stage.eventsOf('named behind the answer')
  expect(event).toMatchObject({ path: '/own', status_code: 101 })
})

test('handed on to a second server and routed there: one event with route and consumer, and one of its connection', async () => {
  const app = await App.serve({
    file: 'fixtures/http/upgrade-express.cjs',
    env: { PEEKAPI_WEBSOCKETS: 'full' },
    endpoint: stage.ingest.url,
  })
  await askRaw(
    app.port,
    'GET /rooms/blue HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    { meddle: (socket, received) => void (received.endsWith('\r\n\r\n') && socket.destroy()) },
  )
  const [handshake, connection] = (await stage.eventsOf('in blue', 2)) as [ApiEvent, ApiEvent]
  expect(handshake).toMatchObject({ path: '/rooms/:room', metadata: { outcome: 'upgraded' } })
  expect(handshake.response_time_ms).toBeGreaterThanOrEqual(25)
  expect(connection).toMatchObject({
    path: '/rooms/:room',
    status_code: 101,
    metadata: { outcome: 'closed', protocol: 'websocket' },
  })
  expect(connection.response_time_ms).toBeCloseTo(handshake.response_time_ms, 1)
  expect(await app.stats()).toMatchObject({ captured: 2 })
  await app.stop('SIGKILL')
})

test('ignored paths are ignored here too', async () => {
  const app = await stage.serve({
    file: 'fixtures/upgrade/raw.cjs',
    env: { PEEKAPI_IGNORE_PATHS: '/refuse' },
  })
  const answer = await askRaw(
    app.port,
    'GET /refuse HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: own\r\n\r\n',
  )
  expect(statusOf(answer)).toBe(403)
  expect(await app.stats()).toMatchObject({ captured: 0, ignored: 1 })
})

test('the process ends: what nobody has answered is an error, what lives on is closed', async ({
  onTestFinished,
}) => {
  const directory = mkdtempSync(join(tmpdir(), 'peekapi-upgrade-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const app = await App.serve({
    file: 'fixtures/upgrade/raw.cjs',
    env: { PEEKAPI_WEBSOCKETS: 'full', PEEKAPI_STORAGE_PATH: join(directory, 'events') },
    endpoint: stage.ingest.url,
  })
  const begin = (path: string): RawClient =>
    new RawClient({ port: app.port, host: '127.0.0.1' }).send(
      `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: own\r\n\r\n`,
    )
  const never = begin('/never')
  const open = begin('/accept')
  await open.got('\r\n\r\n')
  await until(
    async () => (await app.stats()).delivered === 1,
    () => 'the event of the handshake',
  )
  await app.stop()
  await Promise.all([never.ended(), open.ended()])
  const kept = readdirSync(directory).map((name) => readFileSync(join(directory, name), 'utf8'))
  const events = kept.flatMap((text) => text.trim().split('\n')).map((line) => JSON.parse(line) as ApiEvent)
  expect(events).toHaveLength(2)
  const [closed, unanswered] = events.toSorted((a, b) => a.path.localeCompare(b.path)) as [ApiEvent, ApiEvent]
  expect(closed).toMatchObject({
    path: '/accept',
    status_code: 101,
    metadata: { outcome: 'closed', bytes_sent: 0 },
  })
  expect(unanswered).toMatchObject({ path: '/never', status_code: 500, metadata: { outcome: 'error' } })
  expect(unanswered.response_time_ms).toBeGreaterThanOrEqual(0)
})
