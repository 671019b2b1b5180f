import { once } from 'node:events'
import { createRequire } from 'node:module'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ApiEvent } from '../../src/types/client.ts'
import { App, root, type AppOptions } from '../support/app.ts'
import { Authority } from '../support/certificates.ts'
import { Ingest } from '../support/ingest.ts'
import { RawClient } from '../support/raw-client.ts'
import { ask } from '../support/request.ts'
import { expectSettled } from '../support/traffic.ts'
import { until } from '../support/until.ts'

interface Client extends NodeJS.EventEmitter {
  send(data: string | Buffer): void
  close(): void
  terminate(): void
}
type ClientClass = new (url: string, options: object) => Client
const { WebSocket } = createRequire(`${root}fixtures/upgrade/`)('ws') as { WebSocket: ClientClass }

const authority = new Authority()
const identity = authority.sign('IP:127.0.0.1')
const tls = { KEY: identity.key, CERT: identity.cert }

let ingest: Ingest
const apps: App[] = []
beforeAll(async () => {
  ingest = await Ingest.start()
})
afterAll(async () => {
  for (const app of apps) {
    await expectSettled(app)
    await app.stop()
  }
  await ingest.close()
  authority.remove()
})

async function serve(options: AppOptions): Promise<App> {
  const app = await App.serve({ ...options, endpoint: ingest.url })
  apps.push(app)
  return app
}

let asked = 0
function newName(): string {
  return `request-${asked++}`
}

async function eventsOf(name: string, count: number = 1): Promise<ApiEvent[]> {
  const find = (): ApiEvent[] => ingest.events.filter((event) => event.consumer_id === name)
  await until(
    () => find().length >= count,
    () => `${count} events of ${name}; got ${JSON.stringify(find())}`,
  )
  expect(find()).toHaveLength(count)
  return find()
}

interface RawAsk {
  /** Of the authority that signed the server's certificate; without it the connection is cleartext. */
  readonly ca?: string | undefined
  /** Does something to the connection at first, and each time that more has come. */
  readonly meddle?: (socket: Socket, received: string) => void
}

/** Writes to a port and gives what came back until the connection closed, one character for each byte. */
async function askRaw(port: number, text: string, { ca, meddle }: RawAsk = {}): Promise<string> {
  const client = new RawClient({ port, host: '127.0.0.1', ...(ca !== undefined && { ca }) })
  const received = (): string => client.received.toString('latin1')
  client.socket.on('data', () => meddle?.(client.socket, received()))
  client.send(text)
  meddle?.(client.socket, '')
  await client.ended()
  return received()
}

/** Of an answer as it came: `HTTP/1.1 200 OK`. */
function statusOf(answer: string): number {
  return Number(answer.slice(9, 12))
}

function bodyOf(answer: string): string {
  return answer.slice(answer.indexOf('\r\n\r\n') + 4)
}

/** Asks to upgrade by hand and gives the answer with its event. */
async function upgrade(
  app: App,
  path: string,
  options: RawAsk = {},
): Promise<{ event: ApiEvent; answer: string }> {
  const name = newName()
  const head = `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: own\r\nx-api-key: ${name}\r\n\r\n`
  const answer = await askRaw(app.port, head, options)
  const [event] = await eventsOf(name)
  return { event: event!, answer }
}

const transports = [
  { transport: 'cleartext', scheme: 'ws', env: {} },
  { transport: 'TLS', scheme: 'wss', env: tls },
]

describe.each(transports)('WebSockets by ws over $transport', ({ scheme, env }) => {
  let app: App
  beforeAll(async () => {
    app = await serve({ file: 'fixtures/upgrade/websocket.cjs', env })
  })

  function open(path: string, name: string, headers: object = {}): Client {
    return new WebSocket(`${scheme}://127.0.0.1:${app.port}${path}`, {
      ca: authority.pem,
      headers: { 'x-api-key': name, ...headers },
    })
  }

  test('an accepted handshake is one event at once, and the connection works', async () => {
    const name = newName()
    const client = open('/echo/42?token=secret', name)
    await once(client, 'open')
    const [event] = await eventsOf(name)
    expect(event).toMatchObject({
      method: 'GET',
      path: '/echo/{id}',
      status_code: 101,
      request_size: 0,
      response_size: 0,
      metadata: { outcome: 'upgraded', protocol: 'websocket' },
    })
    client.send('hello')
    const [data] = (await once(client, 'message')) as [Buffer]
    expect(data.toString()).toBe('hello')
    client.close()
    await once(client, 'close')
    await expectSettled(app)
    expect(await eventsOf(name)).toHaveLength(1)
  })

  test.each([
    { path: '/asking', headers: { token: 'wrong' }, status: 401, body: 'Who are you?' },
    { path: '/nowhere', headers: {}, status: 404, body: 'not here\n' },
  ])('$path is refused with $status', async ({ path, headers, status, body }) => {
    const name = newName()
    const client = open(path, name, headers)
    const [, response] = (await once(client, 'unexpected-response')) as [
      unknown,
      AsyncIterable<Buffer> & { statusCode: number },
    ]
    const chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk)
    expect(response.statusCode).toBe(status)
    expect(Buffer.concat(chunks).toString()).toContain(body)
    const [event] = await eventsOf(name)
    expect(event).toMatchObject({
      path,
      status_code: status,
      response_size: Buffer.concat(chunks).byteLength,
      metadata: { protocol: 'websocket' },
    })
    expect(event!.metadata).not.toHaveProperty('outcome')
  })

  test('what is no handshake is refused by ws itself', async () => {
    const name = newName()
    const answer = await askRaw(
      app.port,
      `GET /echo HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nx-api-key: ${name}\r\n\r\n`,
      { ca: scheme === 'wss' ? authority.pem : undefined },
    )
    expect(statusOf(answer)).toBe(400)
    const [event] = await eventsOf(name)
    expect(event).toMatchObject({ status_code: 400, response_size: bodyOf(answer).length })
  })

  test('an answer that takes its time: the time of the handshake, not of the connection', async () => {
    const name = newName()
    const client = open('/asking', name, { token: 'right' })
    await once(client, 'message')
    const [event] = await eventsOf(name)
    expect(event!.status_code).toBe(101)
    expect(event!.response_time_ms).toBeGreaterThanOrEqual(25)
    client.terminate()
  })

  test('with PEEKAPI_WEBSOCKETS=full a second event tells what the connection was good for', async () => {
    const full = await serve({
      file: 'fixtures/upgrade/websocket.cjs',
      env: { ...env, PEEKAPI_WEBSOCKETS: 'full' },
    })
    const name = newName()
    const client = new WebSocket(`${scheme}://127.0.0.1:${full.port}/echo`, {
      ca: authority.pem,
      headers: { 'x-api-key': name },
      perMessageDeflate: false,
    })
    await once(client, 'open')
    // Frames of a client are masked: 4 bytes more than those of a server.
    client.send(Buffer.alloc(100))
    await once(client, 'message')
    await new Promise((resolve) => setTimeout(resolve, 60))
    client.close()
    await once(client, 'close')
    const [handshake, connection] = await eventsOf(name, 2)
    expect(handshake).toMatchObject({ status_code: 101, metadata: { outcome: 'upgraded' } })
    expect(handshake!.metadata).not.toHaveProperty('connection_ms')
    expect(connection).toMatchObject({
      path: '/echo',
      status_code: 101,
      request_size: 0,
      response_size: 0,
      metadata: {
        outcome: 'closed',
        protocol: 'websocket',
        bytes_received: 2 + 4 + 100 + 2 + 4,
        bytes_sent: 2 + 100 + 2,
      },
    })
    expect(connection!.metadata!['connection_ms']).toBeGreaterThanOrEqual(55)
    expect(connection!.response_time_ms).toBe(handshake!.response_time_ms)
  })
})

test('Socket.IO: its polls are requests, its upgrade is one event', async () => {
  const app = await serve({ file: 'fixtures/upgrade/socketio.cjs' })
  const { stdout, code } = await App.run({
    file: 'fixtures/upgrade/socketio-client.cjs',
    args: [app.origin],
    preload: 'none',
  })
  expect({ stdout, code }).toEqual({ stdout: 'HELLO', code: 0 })
  const ofSocketIo = (): ApiEvent[] => ingest.events.filter(({ path }) => path.startsWith('/socket.io'))
  const upgraded = (): ApiEvent[] =>
    ofSocketIo().filter((event) => event.metadata?.['protocol'] === 'websocket')
  await until(
    () => upgraded().length > 0,
    () => 'the upgrade',
  )
  expect(upgraded()).toHaveLength(1)
  expect(upgraded()[0]).toMatchObject({ status_code: 101, metadata: { outcome: 'upgraded' } })
  const polls = ofSocketIo().filter((event) => event.metadata?.['protocol'] === undefined)
  expect(polls.length).toBeGreaterThan(0)
  for (const poll of polls) expect(poll.status_code).toBe(200)
})

describe('answers written by hand', () => {
  let app: App
  beforeAll(async () => {
    app = await serve({ file: 'fixtures/upgrade/raw.cjs' })
  })

  /** Leaves once the answer's head is there. */
  const leave: RawAsk = {
    meddle: (socket, received) => void (/ (?:101|407) [^]*\r\n\r\n/.test(received) && socket.destroy()),
  }

  test.each(['/accept', '/buffer', '/split', '/corked', '/latin', '/hinted'])(
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

  test.each(['/garbage', '/destroy', '/silence'])('%s: no answer at all', async (path) => {
    const { event } = await upgrade(app, path)
    expect(event).toMatchObject({ path, status_code: 500, metadata: { outcome: 'error' } })
  })

  test('/never: the client leaves', async () => {
    const { event } = await upgrade(app, '/never', {
      meddle: (socket) => void setTimeout(() => socket.resetAndDestroy(), 30),
    })
    expect(event).toMatchObject({ status_code: 499, metadata: { outcome: 'aborted' } })
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
    const name = newName()
    const { port } = upstream.address() as AddressInfo
    const answer = await askRaw(
      app.port,
      `CONNECT 127.0.0.1:${port} HTTP/1.1\r\nHost: a\r\nx-api-key: ${name}\r\n\r\n`,
    )
    expect(bodyOf(answer)).toBe('through the tunnel')
    const [event] = await eventsOf(name)
    expect(event).toMatchObject({
      method: 'CONNECT',
      status_code: 200,
      response_size: 0,
      metadata: { outcome: 'upgraded' },
    })
  })

  test('CONNECT: refused', async () => {
    const name = newName()
    const answer = await askRaw(
      app.port,
      `CONNECT refused.example:443 HTTP/1.1\r\nHost: a\r\nx-api-key: ${name}\r\n\r\n`,
      leave,
    )
    expect(statusOf(answer)).toBe(407)
    const [event] = await eventsOf(name)
    expect(event).toMatchObject({ method: 'CONNECT', status_code: 407 })
    expect(event!.metadata ?? {}).not.toHaveProperty('outcome')
  })
})

describe('without a listener', () => {
  test('an upgrade is an ordinary request; CONNECT is closed by Node and no exchange', async () => {
    const app = await serve({ file: 'fixtures/upgrade/unheard.cjs' })
    const name = newName()
    const answer = await ask(app.origin, '/plain', {
      headers: { connection: 'upgrade', upgrade: 'websocket', 'x-api-key': name },
    })
    expect(answer.status).toBe(200)
    const [event] = await eventsOf(name)
    expect(event).toMatchObject({ status_code: 200, response_size: 5 })
    expect(event!.metadata ?? {}).not.toHaveProperty('protocol')
    expect(await askRaw(app.port, 'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n')).toBe('')
    expect((await app.stats()).captured).toBe(1)
  })
})

test('setConsumer behind the answer still names the caller', async () => {
  const app = await serve({ file: 'fixtures/http/upgrade-consumer.cjs' })
  await askRaw(app.port, 'GET /own HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: own\r\n\r\n')
  const [event] = await eventsOf('named behind the answer')
  expect(event).toMatchObject({ path: '/own', status_code: 101 })
})

test('ignored paths are ignored here too', async () => {
  const app = await serve({ file: 'fixtures/upgrade/raw.cjs', env: { PEEKAPI_IGNORE_PATHS: '/refuse' } })
  const answer = await askRaw(
    app.port,
    'GET /refuse HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: own\r\n\r\n',
  )
  expect(statusOf(answer)).toBe(403)
  expect(await app.stats()).toMatchObject({ captured: 0, ignored: 1 })
})
