import { expect, onTestFinished, test } from 'vitest'
import { Transport, type TransportOptions } from '../../src/delivery/transport.ts'
import { batch } from '../support/batches.ts'
import { Ingest } from '../support/ingest.ts'
import { NameServer } from '../support/name-server.ts'
import { RawServer } from '../support/raw-server.ts'

const OK = 'HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n'

function transportTo(endpoint: string, options: Partial<TransportOptions> = {}): Transport {
  const transport = new Transport({ endpoint, apiKey: 'secret-key', ...options })
  onTestFinished(() => transport.close())
  return transport
}

test('a batch arrives as the protocol says, with the query of the endpoint', async () => {
  const raw = await RawServer.start((socket) => void socket.write(OK))
  onTestFinished(() => raw.close())
  expect(await transportTo(`${raw.url}?tenant=a&x=%20#part`).send(batch('id-1'))).toEqual({
    status: 202,
    retryAfter: undefined,
  })
  const [head = '', body] = raw.received.split('\r\n\r\n')
  expect(head.split('\r\n')[0]).toBe('POST /v1/events?tenant=a&x=%20 HTTP/1.1')
  for (const header of [`Host: ${new URL(raw.url).host}`, 'idempotency-key: id-1', 'x-api-key: secret-key'])
    expect(head.split('\r\n')).toContain(header)
  expect(body).toBe(`[${batch().lines[0]!}]`)
})

test('an IPv6 literal is connected to without its brackets', async () => {
  const ingest = await Ingest.start(undefined, 0, '::1')
  onTestFinished(() => ingest.close())
  expect(await transportTo(ingest.url).send(batch())).toMatchObject({ status: 202 })
  expect(ingest.batches[0]!.headers.host).toBe(`[::1]:${ingest.port}`)
})

test('however many batches are sent at once, two sockets carry them', async () => {
  const raw = await RawServer.start((socket) => void setImmediate(() => socket.write(OK)))
  onTestFinished(() => raw.close())
  const transport = transportTo(raw.url)
  const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => transport.send(batch(`id-${n}`))))
  expect(answers).toEqual(Array.from({ length: 20 }, () => ({ status: 202, retryAfter: undefined })))
  expect(raw.connections).toBe(2)
})

test('stale kept-alive connections: at once again on a new one, with the same key, and no failure', async () => {
  const seen = new WeakSet()
  const raw = await RawServer.start((socket) => {
    if (seen.has(socket)) return void socket.resetAndDestroy()
    seen.add(socket)
    socket.write(OK)
  })
  onTestFinished(() => raw.close())
  const transport = transportTo(raw.url)
  await Promise.all([transport.send(batch('a')), transport.send(batch('b'))])
  expect(raw.connections).toBe(2)
  // Both pooled connections are stale now: the first attempt and the second meet a reset.
  expect(await transport.send(batch('c'))).toMatchObject({ status: 202 })
  expect(raw.connections).toBe(3)
  expect(raw.received.match(/idempotency-key: c/g)).toHaveLength(3)
})

test('an endpoint that resets everything is not tried for ever', async () => {
  let answering = true
  const raw = await RawServer.start((socket) => {
    if (answering) socket.write(OK)
    else socket.resetAndDestroy()
  })
  onTestFinished(() => raw.close())
  const transport = transportTo(raw.url)
  await Promise.all([transport.send(batch('a')), transport.send(batch('b'))])
  answering = false
  expect(await transport.send(batch('c'))).toMatchObject({ failure: { code: 'ECONNRESET' } })
  expect(raw.received.match(/idempotency-key: c/g)).toHaveLength(3)
})

test.each([301, 302, 307, 308])(
  'a redirect %i is an answer, and the other server sees nothing',
  async (status) => {
    const other = await RawServer.start((socket) => void socket.write(OK))
    onTestFinished(() => other.close())
    const ingest = await Ingest.start(() => ({ status, headers: { location: other.url } }))
    onTestFinished(() => ingest.close())
    expect(await transportTo(ingest.url).send(batch())).toMatchObject({ status })
    expect(other.connections).toBe(0)
  },
)

test('Retry-After comes with the answer', async () => {
  const ingest = await Ingest.start(() => ({ status: 429, headers: { 'retry-after': '7' } }))
  onTestFinished(() => ingest.close())
  expect(await transportTo(ingest.url).send(batch())).toEqual({ status: 429, retryAfter: '7' })
})

test('nobody listens, or the name leads nowhere: a failure', async () => {
  const down = await Ingest.start()
  const { url } = down
  await down.close()
  expect(await transportTo(url).send(batch())).toMatchObject({ failure: { code: 'ECONNREFUSED' } })
  const dns = await NameServer.start({})
  onTestFinished(() => dns.close())
  const unresolved = transportTo('https://nowhere.test/', { lookup: dns.lookup })
  expect(await unresolved.send(batch())).toMatchObject({ failure: { code: 'ENODATA' } })
  const empty = transportTo('https://nowhere.test/', { lookup: (_name, _options, found) => found(null, []) })
  expect(await empty.send(batch())).toMatchObject({ failure: { code: 'ENOTFOUND' } })
})

test('the deadline covers a lookup that never answers', async () => {
  const transport = transportTo('https://slow.test/', { lookup: () => {}, deadlineMs: 50 })
  expect(await transport.send(batch())).toMatchObject({ failure: { message: 'no answer within 50 ms' } })
})

test('closing ends what is under way', async () => {
  const raw = await RawServer.start(() => transport.close())
  onTestFinished(() => raw.close())
  const transport = transportTo(raw.url)
  expect(await transport.send(batch())).toMatchObject({ failure: { message: 'the client has stopped' } })
})

test('an endpoint that must not be used, and a key that no header can hold, reject nothing and send nothing', async () => {
  expect(await transportTo('http://10.0.0.1/?token=secret').send(batch())).toEqual({
    refused: expect.stringMatching(/^http:\/\/10\.0\.0\.1\/ would send the API key in the clear/),
  })
  const raw = await RawServer.start(() => {})
  onTestFinished(() => raw.close())
  expect(await transportTo(raw.url, { apiKey: 'a\r\nb: c' }).send(batch())).toHaveProperty('failure')
  expect(raw.connections).toBe(0)
})
