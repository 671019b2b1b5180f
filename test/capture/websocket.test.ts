import { once } from 'node:events'
import { createRequire } from 'node:module'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ApiEvent } from '../../src/types/client.ts'
import { App, root } from '../support/app.ts'
import { askRaw, bodyOf, statusOf } from '../support/raw-ask.ts'
import { Stage } from '../support/stage.ts'
import { expectSettled } from '../support/traffic.ts'
import { until } from '../support/until.ts'

interface Client extends NodeJS.EventEmitter {
  send(data: string | Buffer): void
  close(): void
  terminate(): void
}
type ClientClass = new (url: string, options: object) => Client
const { WebSocket } = createRequire(`${root}fixtures/upgrade/`)('ws') as { WebSocket: ClientClass }

let stage: Stage
beforeAll(async () => {
  stage = await Stage.open()
})
afterAll(() => stage.close())

const TRANSPORTS = [
  { transport: 'cleartext', scheme: 'ws' },
  { transport: 'TLS', scheme: 'wss' },
]

describe.each(TRANSPORTS)('WebSockets by ws over $transport', ({ scheme }) => {
  let app: App
  beforeAll(async () => {
    app = await stage.serve({
      file: 'fixtures/upgrade/websocket.cjs',
      env: scheme === 'wss' ? stage.tls : {},
    })
  })

  function open(path: string, name: string, headers: object = {}): Client {
    return new WebSocket(`${scheme}://127.0.0.1:${app.port}${path}`, {
      ca: stage.authority.pem,
      headers: { 'x-api-key': name, ...headers },
    })
  }

  test('an accepted handshake is one event at once, and the connection works', async () => {
    const name = stage.newName()
    const client = open('/echo/42?token=secret', name)
    await once(client, 'open')
    const [event] = await stage.eventsOf(name)
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
    expect(await stage.eventsOf(name)).toHaveLength(1)
  })

  test.each([
    { path: '/asking', headers: { token: 'wrong' }, status: 401, body: 'Who are you?' },
    { path: '/nowhere', headers: {}, status: 404, body: 'not here\n' },
  ])('$path is refused with $status', async ({ path, headers, status, body }) => {
    const name = stage.newName()
    const client = open(path, name, headers)
    const [, response] = (await once(client, 'unexpected-response')) as [
      unknown,
      AsyncIterable<Buffer> & { statusCode: number },
    ]
    const chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk)
    expect(response.statusCode).toBe(status)
    expect(Buffer.concat(chunks).toString()).toContain(body)
    const [event] = await stage.eventsOf(name)
    expect(event).toMatchObject({
      path,
      status_code: status,
      response_size: Buffer.concat(chunks).byteLength,
      metadata: { protocol: 'websocket' },
    })
    expect(event!.metadata).not.toHaveProperty('outcome')
  })

  test('what is no handshake is refused by ws itself', async () => {
    const name = stage.newName()
    const answer = await askRaw(
      app.port,
      `GET /echo HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\nx-api-key: ${name}\r\n\r\n`,
      { ca: scheme === 'wss' ? stage.authority.pem : undefined },
    )
    expect(statusOf(answer)).toBe(400)
    const [event] = await stage.eventsOf(name)
    expect(event).toMatchObject({
      status_code: 400,
      response_size: bodyOf(answer).length,
      metadata: { protocol: 'websocket' },
    })
  })

  test('an answer that takes its time: the time of the handshake, not of the connection', async () => {
    const name = stage.newName()
    const client = open('/asking', name, { token: 'right' })
    await once(client, 'message')
    const [event] = await stage.eventsOf(name)
    expect(event!.status_code).toBe(101)
    expect(event!.response_time_ms).toBeGreaterThanOrEqual(25)
    client.terminate()
  })

  test('with PEEKAPI_WEBSOCKETS=full a second event tells what the connection was good for', async () => {
    const full = await stage.serve({
      file: 'fixtures/upgrade/websocket.cjs',
      env: { ...(scheme === 'wss' && stage.tls), PEEKAPI_WEBSOCKETS: 'full' },
    })
    const name = stage.newName()
    const client = new WebSocket(`${scheme}://127.0.0.1:${full.port}/echo`, {
      ca: stage.authority.pem,
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
    const [handshake, connection] = await stage.eventsOf(name, 2)
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
  const app = await stage.serve({ file: 'fixtures/upgrade/socketio.cjs' })
  const { stdout, code } = await App.run({
    file: 'fixtures/upgrade/socketio-client.cjs',
    args: [app.origin],
    preload: 'none',
  })
  expect({ stdout, code }).toEqual({ stdout: 'HELLO', code: 0 })
  const ofSocketIo = (): ApiEvent[] => stage.ingest.events.filter(({ path }) => path.startsWith('/socket.io'))
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
