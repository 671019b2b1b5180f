import { once } from 'node:events'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { App } from '../../support/app.ts'
import { Both } from '../../support/both.ts'
import { Authority } from '../../support/certificates.ts'
import { Ingest } from '../../support/ingest.ts'
import { askRaw } from '../../support/raw-ask.ts'
import { RawClient } from '../../support/raw-client.ts'
import { Relay } from '../../support/relay.ts'
import { ask } from '../../support/request.ts'
import { until } from '../../support/until.ts'
import { WebSocket } from '../../support/ws.ts'

/** In the order in which the application starts them. */
const SERVERS = ['raw', 'raw over TLS', 'ws', 'ws over TLS', 'Socket.IO'] as const
const SOCKET_IO = SERVERS.indexOf('Socket.IO')

const authority = new Authority()
let ingest: Ingest
let both: Both
/** What tunnels lead to. */
let upstream: Server
const relays = new Map<App, readonly Relay[]>()

beforeAll(async () => {
  ingest = await Ingest.start()
  upstream = createServer((socket) => socket.end('through the tunnel')).listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  const { key, cert } = authority.sign('IP:127.0.0.1')
  both = await Both.serve({
    file: 'fixtures/upgrade/observed.cjs',
    env: { KEY: key, CERT: cert, PEEKAPI_IGNORE_PATHS: '/seen/*,/pulled,/quit' },
    endpoint: ingest.url,
  })
  for (const app of [both.without, both.within]) {
    await until(
      () => app.ports.length === SERVERS.length,
      () => 'all servers',
    )
    const tls = { ca: authority.pem }
    const targets = app.ports.map((port, n) => (SERVERS[n]!.endsWith('TLS') ? { port, tls } : { port }))
    relays.set(app, await Promise.all(targets.map((target) => Relay.start(target))))
  }
})
afterAll(async () => {
  for (const relay of [...relays.values()].flat()) await relay.close()
  upstream.close()
  await both.stop()
  await ingest.close()
  authority.remove()
})

async function told<Told>(app: App, path: string): Promise<Told> {
  return JSON.parse((await ask(app.origin, path)).body.toString()) as Told
}

/** What the server sent, but for what is another one each time. */
async function sentBy(app: App, server: number): Promise<string> {
  const relay = relays.get(app)![server]!
  await until(
    () => relay.idle,
    () => 'the end of the connection',
  )
  return relay
    .take()
    .toString('latin1')
    .replaceAll(/\r\n(Date|Sec-WebSocket-Accept): [^\r]*/g, '\r\n$1: -')
    .replaceAll(/"sid":"[^"]*"/g, '"sid":"-"')
}

async function seenBy(app: App, name: string): Promise<string[]> {
  let seen: string[] = []
  await until(
    async () => (seen = await told(app, `/seen/${name}`)).some((line) => line.startsWith('at its end')),
    () => `the application's own account; ${seen.join('\n')}`,
  )
  return seen
}

let asked = 0
const newName = (): string => `exchange-${asked++}`

type Ask = (port: number, headers: string, name: string) => Promise<unknown>

/** Bytes to the client, what it made of them, and what the application saw. */
async function sight(app: App, server: number, perform: Ask, headers: string): Promise<unknown> {
  const name = newName()
  const result = await perform(relays.get(app)![server]!.port, `x-name: ${name}\r\n${headers}`, name)
  return { sent: await sentBy(app, server), seen: await seenBy(app, name), result }
}

const upgrading =
  (path: string, early: string = ''): Ask =>
  async (port, headers) => {
    const head = `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: own\r\n${headers}\r\n${early}`
    const leave = / (?:101|407) [^]*\r\n\r\n/
    await askRaw(port, head, {
      meddle: (socket, received) => {
        if (leave.test(received)) socket.end()
        if (path === '/never' && received === '') setTimeout(() => socket.resetAndDestroy(), 50)
      },
    })
  }

const connecting =
  (to: () => string, early: string): Ask =>
  async (port, headers) =>
    void (await askRaw(port, `CONNECT ${to()} HTTP/1.1\r\nHost: a\r\n${headers}\r\n${early}`))

const RAW: ReadonlyArray<readonly [string, Ask]> = [
  ...'/accept /buffer /split /corked /latin /hinted /refuse /refuse-slowly /refuse-and-destroy /message'
    .split(' ')
    .map((path) => [path, upgrading(path)] as const),
  ...'/garbage /destroy /silence /never'.split(' ').map((path) => [path, upgrading(path)] as const),
  ['/accept with early bytes', upgrading('/accept', 'early bytes')],
  ['CONNECT', connecting(() => `127.0.0.1:${(upstream.address() as AddressInfo).port}`, 'early bytes')],
  ['CONNECT refused', connecting(() => 'refused.example:443', '')],
  ['CONNECT to nobody', connecting(() => '127.0.0.1:1', '')],
]

/** Asks once more by a WebSocket of the package `ws`, and leaves. */
const conversing =
  (path: string, token: string, say: ReadonlyArray<string | Buffer>): Ask =>
  async (port, _headers, name) => {
    const client = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers: { 'x-name': name, token } })
    const heard: string[] = []
    client.on('message', (data: Buffer) => {
      heard.push(`${data.byteLength} bytes`)
      if (heard.length >= say.length) client.close()
    })
    client.on('open', () => say.forEach((data) => client.send(data)))
    client.on('unexpected-response', (_request, response: { statusCode: number; resume: () => void }) => {
      heard.push(`refused with ${response.statusCode}`)
      response.resume()
    })
    client.on('error', (error: Error) => heard.push(error.message))
    const closed = once(client, 'close')
    if (path === '/nowhere' || token === 'wrong') await once(client, 'unexpected-response')
    else heard.push(`closed with ${String((await closed)[0])}`)
    return heard
  }

const CONVERSATIONS: ReadonlyArray<readonly [string, Ask]> = [
  ['a conversation', conversing('/echo', '', ['hello', Buffer.alloc(100), 'grüße'.repeat(1000)])],
  ['much', conversing('/echo', '', [Buffer.alloc(1_000_000, 'x')])],
  ['a welcome', conversing('/asking', 'right', [])],
  ['a refusal of ws', conversing('/asking', 'wrong', [])],
  ['a refusal by hand', conversing('/nowhere', '', [])],
]

describe.each(SERVERS.slice(0, SOCKET_IO).map((name, server) => ({ name, server })))(
  '$name',
  ({ name, server }) => {
    test.each(name.startsWith('raw') ? RAW : CONVERSATIONS)('%s is as without us', async (_what, perform) => {
      await both.expectSame((app) => sight(app, server, perform, ''))
    })
  },
)

test.each(RAW)('raw: %s gives the application the same results', async (_what, perform) => {
  await both.expectSame((app) => sight(app, 0, perform, 'x-calls: yes\r\n'))
})

test('a client that does not read makes the application write no more than without us', async () => {
  const pulled = await Promise.all(
    [both.without, both.within].map(async (app) => {
      const client = new RawClient({ port: app.port, host: '127.0.0.1' })
      client.socket.pause()
      client.send(
        `GET /pull HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: own\r\nx-name: ${newName()}\r\n\r\n`,
      )
      let last = -1
      for (let same = 0; same < 20;) {
        const { bytes, waits } = await told<{ bytes: number; waits: boolean }>(app, '/pulled')
        same = waits && bytes === last ? same + 1 : 0
        last = bytes
      }
      client.reset()
      return last
    }),
  )
  // The kernel's buffers grow as they like; without backpressure it would be the whole source.
  const [without, within] = pulled as [number, number]
  expect(within).toBeLessThan(without * 2)
  expect(without * 2).toBeLessThan(25_000_000)
})

test('Socket.IO, from its first poll to the end of its WebSocket', async () => {
  await both.expectSame(async (app) => {
    const { stdout, code } = await App.run({
      file: 'fixtures/upgrade/socketio-client.cjs',
      args: [`http://127.0.0.1:${relays.get(app)![SOCKET_IO]!.port}`],
      preload: 'none',
    })
    return { stdout, code, sent: await sentBy(app, SOCKET_IO) }
  })
})

test('all of it was captured, and the end of the process is as without us', async () => {
  const { captured } = await both.within.stats()
  expect(captured).toBeGreaterThanOrEqual(both.compared)
  await both.expectSameEnd((app) => ask(app.origin, '/quit'))
  expect(await both.within.ended).toMatchObject({ code: 3, stderr: 'leaving\n' })
})
